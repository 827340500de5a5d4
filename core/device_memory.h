// What the allocator and the copies need of a device other than the CPU. cuda/ fills one such table per device kind.
#pragma once

#include <cstddef>

#include "core/allocator.h"

namespace gg {

struct DeviceMemory {
  void* (*allocate)(size_t bytes);
  void (*deallocate)(void* block, size_t bytes) noexcept;
  MemoryStats (*stats)();
  void (*reset_peak)();
  void (*empty_cache)();
  void (*copy_from_host)(void* device, const void* host, size_t bytes);
  void (*copy_to_host)(void* host, const void* device, size_t bytes);
  void (*copy_within)(void* to, const void* from, size_t bytes);
  void (*fill_zero)(void* device, size_t bytes);
};

/// The table of a device; throws, with the reason and the build flag to set, where the device is not available.
const DeviceMemory& device_memory(Device device);

}  // namespace gg
