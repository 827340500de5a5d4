// The streams that the library works in: each thread of the host has its own, so that threads do not wait for each
// other (a loader's copies run beside the training's kernels). They are made at first use and stay; a thread that ends
// leaves its stream to a later one. How tensors cross from one to another: core/storage.h.
#pragma once

#include "core/device_memory.h"
#include "cuda/device_api.h"

GG_DEVICE_API(
    /// The number of the calling thread's stream, 0 to kMaxStreams - 1. Threads beyond kMaxStreams share.
    int current_stream_number() noexcept;
    /// All launches, copies and library calls of the calling thread go here.
    DeviceStream current_stream();
    /// A stream that some thread has or had.
    DeviceStream stream_of(int number);

    /// Work given to `stream` from now on starts when all that `other` has been given so far is done. The host goes on.
    void wait_for_stream(int stream, int other);

    /// Waits for the calling thread's stream, or for all; throws what went wrong in the work.
    void synchronize(); void synchronize_all();)
