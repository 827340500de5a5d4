// Device memory as the engine needs it. Every function throws gg::Error with CUDA's reason on failure; failures of
// earlier asynchronous work may surface in any of them, and wrong values that kernels met (cuda/faults.h) in
// copy_to_host, which waits.
#pragma once

#include "cuda/device_api.h"

GG_DEVICE_API(
    /// `bytes` > 0 of device memory for work in the calling thread's stream, aligned to 256 bytes, contents undefined.
    /// nullptr if there is not that much left: the caller may release the cache and try again. From the driver's
    /// stream-ordered pool (https://docs.nvidia.com/cuda/cuda-c-programming-guide, "Stream Ordered Memory Allocator"),
    /// which keeps what is released for later work and waits for nothing.
    void* allocate(size_t bytes);

    /// Gives the block back once the work in the calling thread's stream, or in stream `number`, is done. nullptr is
    /// allowed.
    void release(void* device) noexcept; void release_in(int number, void* device) noexcept;

    /// What the pool keeps for later, in bytes.
    size_t cached_bytes();
    /// Waits for all work and gives what the pool keeps back to the driver.
    void release_cached();

    /// Device memory in bytes.
    struct MemoryInfo {
      size_t free;
      size_t total;
    };
    MemoryInfo memory_info();

    // Copies go through the calling thread's stream.

    /// `host` may be changed when this returns; the copy may still be under way.
    void copy_from_host(void* device, const void* host, size_t bytes);
    /// `host` holds the data when this returns; everything before it in the stream is finished.
    void copy_to_host(void* host, const void* device, size_t bytes);
    /// The ranges must not overlap.
    void copy_within(void* to, const void* from, size_t bytes); void fill_zero(void* device, size_t bytes);)
