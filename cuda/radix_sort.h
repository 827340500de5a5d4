// A stable sort of positions by 31-bit keys, for kernels that must add in a fixed order.
#pragma once

#include "cuda/device_api.h"

GG_DEVICE_API(
    /// Device memory for `count` keys and positions each, twice: a sort moves them to and fro.
    struct SortBuffers {
      uint32_t* keys[2];
      uint32_t* positions[2];
    };

    /// Sorts keys[0], all of them in [0, limit], and writes the place where each stood; equal keys keep their order.
    /// Returns which of the two buffers hold the result. keys[0] and what positions hold is lost. count < 2^31.
    int sort_positions(const SortBuffers& buffers, uint32_t count, uint32_t limit);)
