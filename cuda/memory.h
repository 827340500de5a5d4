// Device memory and streams as the engine needs them. Every function throws gg::Error with CUDA's reason on failure;
// failures of earlier asynchronous work may surface in any of them, and wrong values that kernels met (cuda/faults.h)
// in those that wait: copy_to_host and synchronize.
#pragma once

#include "cuda/device_api.h"

GG_DEVICE_API(
    /// `bytes` > 0 of device memory, aligned to 256 bytes, contents undefined. nullptr if there is not that much left:
    /// the caller may release its cache and try again.
    void* allocate(size_t bytes);

    /// Waits for all work that may use the block. nullptr is allowed.
    void release(void* device) noexcept;

    /// Device memory in bytes.
    struct MemoryInfo {
      size_t free;
      size_t total;
    };
    MemoryInfo memory_info();

    /// `host` may be reused when this returns.
    void copy_from_host(void* device, const void* host, size_t bytes, DeviceStream stream = {});
    /// `host` holds the data when this returns; everything before it in the stream is finished.
    void copy_to_host(void* host, const void* device, size_t bytes, DeviceStream stream = {});
    /// The ranges must not overlap.
    void copy_within(void* to, const void* from, size_t bytes, DeviceStream stream = {});
    void fill_zero(void* device, size_t bytes, DeviceStream stream = {});

    DeviceStream create_stream();
    /// Finishes the stream's work first.
    void destroy_stream(DeviceStream stream) noexcept;
    /// Waits until all work of the stream is done.
    void synchronize(DeviceStream stream = {});)
