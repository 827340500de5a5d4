// Elementwise kernels of a device, as the ops call them: one function per functor, derivative and element type, which
// launches the kernel on arrays of any layout. The kernels themselves: cuda/functor_kernels.cuh.
#pragma once

#include "core/array.h"
#include "core/device.h"

namespace gg {

/// out = functor(ins…), element by element; each input has out's shape (stride 0 where broadcast).
using DeviceLoop = void (*)(const char* name, const void* functor, const Array& out, const Array* ins);

/// Orders of derivative with kernels on devices; higher ones throw and say so.
inline constexpr int kDeviceOrders = 2;

/// As cpu::UnaryLoops: [type][k], null where the derivative vanishes identically.
struct DeviceUnaryLoops {
  DeviceLoop by_input[2][kDeviceOrders + 1];
  DeviceLoop by_output[2][kDeviceOrders];
};

// Defined in cuda/functor_kernels.cuh, once per namespace.
namespace cuda {
template <class F>
const DeviceUnaryLoops* functor_loops();
}
namespace emulated {
template <class F>
const DeviceUnaryLoops* functor_loops();
}

/// The table of a functor for a kind of device; null where its header was not built for devices (gradgrad_add_ops …
/// DEVICE) or the build lacks that kind.
template <class F>
const DeviceUnaryLoops* device_unary_loops(Device::Type type);

}  // namespace gg
