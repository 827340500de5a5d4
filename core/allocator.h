// Memory of tensors: a caching allocator. Freed blocks are kept for the next tensor of their size, since fresh pages
// cost ten times what reading memory costs. Large blocks ask for huge pages.
//
// Sanitizer builds bypass the cache, so that every use after free and every overrun is seen.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/device.h"

namespace gg {

/// Every block is aligned to this many bytes.
inline constexpr size_t kAlignment = 64;

/// At least `bytes` bytes (0 is allowed) of uninitialised memory. Throws gg::Error with live and asked bytes if out of
/// memory.
void* allocate(size_t bytes, Device device);

/// Gives back a block; `bytes` and `device` as they were asked for. On devices the calling thread's stream must have
/// been the only one to use it.
void deallocate(void* block, size_t bytes, Device device) noexcept;

struct MemoryStats {
  int64_t live_bytes = 0;    ///< asked for by blocks in use now, exact
  int64_t live_blocks = 0;   ///< number of those blocks
  int64_t peak_bytes = 0;    ///< largest live_bytes since start or reset_peak; exact to 64 KiB a thread
  int64_t cached_bytes = 0;  ///< held for reuse
};

MemoryStats memory_stats(Device device);
void reset_peak_memory(Device device);

/// Gives cached blocks above 64 KiB back to the system; smaller ones are pieces of slabs, which stay.
void empty_cache(Device device);

/// Blocks for the library's own small objects (graph nodes, tensor headers): the same cache, not counted in
/// MemoryStats.
void* allocate_object(size_t bytes);
void deallocate_object(void* block, size_t bytes) noexcept;

}  // namespace gg
