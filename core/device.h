// Where a tensor lives: `cpu` (the default), `cuda`, or `emulated`: the CUDA kernels run on the CPU, checked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gg {

struct Device {
  enum Type : int8_t { cpu, cuda, emulated };
  Type type = cpu;
  int8_t index = 0;

  constexpr Device() = default;
  constexpr Device(Type t, int i = 0) : type(t), index(static_cast<int8_t>(i)) {}
  constexpr bool operator==(const Device&) const = default;
  constexpr bool is_cpu() const { return type == cpu; }
};

/// "cpu", "cuda:0", "emulated".
std::string to_string(Device device);

/// The reverse of to_string; "cuda" means "cuda:0". Throws on any other text, naming the choices.
Device parse_device(std::string_view text);

/// Whether tensors can be made there: always for cpu; for emulated when the build has it; for cuda with a driver and
/// GPU.
bool is_available(Device device);

/// Returns when all work given to the device is done; throws what went wrong in it. Nothing to wait for on the CPU.
/// For timings: whatever reads numbers waits by itself.
void synchronize(Device device);

}  // namespace gg
