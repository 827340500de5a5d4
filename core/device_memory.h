// What the allocator, the copies and storages need of a device other than the CPU. cuda/ fills one such table per
// device kind.
//
// A device works through streams: queues of work, each in order, that run beside each other. Every thread of the host
// has one of its own (threads beyond the first kMaxStreams share). A block of memory is handed out for the work of one
// stream; Storage (core/storage.h) follows a tensor from thread to thread and orders their streams.
#pragma once

#include <cstddef>

#include "core/allocator.h"

namespace gg {

/// Streams are numbered from 0.
inline constexpr int kMaxStreams = 32;

struct DeviceMemory {
  /// For work of the calling thread's stream.
  void* (*allocate)(size_t bytes);
  /// After all work that `stream` has been given so far the memory may serve others.
  void (*deallocate)(void* block, size_t bytes, int stream) noexcept;
  MemoryStats (*stats)();
  void (*reset_peak)();
  void (*empty_cache)();

  // Copies go through the calling thread's stream. After copy_from_host the host's memory may be changed at once, the
  // copy itself may still be under way; copy_to_host is finished when it returns.
  void (*copy_from_host)(void* device, const void* host, size_t bytes);
  void (*copy_to_host)(void* host, const void* device, size_t bytes);
  void (*copy_within)(void* to, const void* from, size_t bytes);
  void (*fill_zero)(void* device, size_t bytes);

  /// The number of the calling thread's stream.
  int (*current_stream)() noexcept;
  /// What `stream` is given from now on starts after all that `other` has been given so far.
  void (*wait_for_stream)(int stream, int other);
  /// Returns when all work of all streams is done; throws what went wrong in it.
  void (*synchronize)();
};

/// The table of a device; throws, with the reason and the build flag to set, where the device is not available.
const DeviceMemory& device_memory(Device device);

}  // namespace gg
