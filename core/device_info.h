// What a device is, for people (in `./run ops`, reports and benchmarks), and why it may not be there.
#pragma once

#include <string>

#include "core/device.h"

namespace gg {

/// One line: "avx512 kernels, 2 threads"; "NVIDIA H100 80GB HBM3, compute capability 9.0, 81079 MiB, CUDA runtime 13.0,
/// driver for CUDA 13.0"; or "none; " and the reason, where there is no such device. Never throws because of a device.
std::string describe(Device device);

/// The device of this name; of "auto" cuda where there is one, else the CPU. Throws on other names.
Device choose_device(const std::string& name);

/// Throws where there is no such device (is_available), and says why and what to do.
void check_available(Device device);

}  // namespace gg
