// Stable sorts of positions by whole-number keys: for kernels that must add in a fixed order, and for sort and topk.
#pragma once

#include "cuda/device_api.h"

GG_DEVICE_API(
    /// Device memory for all keys, of type uint32_t or uint64_t, and their positions, twice: a sort moves them to and
    /// fro.
    template <class Key> struct RadixBuffers {
      Key* keys[2];
      uint32_t* positions[2];
    };
    using SortBuffers = RadixBuffers<uint32_t>;

    /// Sorts each of `rows` rows of `count` keys in keys[0] by their lowest `bits` bits, and writes the place in its
    /// row where each stood; equal keys keep their order. Returns which of the two buffers hold the result. keys[0] and
    /// what positions hold is lost. rows * count < 2^31.
    template <class Key> int sort_rows(const RadixBuffers<Key>& buffers, uint32_t rows, uint32_t count, int bits);

    /// The same of one row of keys, all of them in [0, limit].
    int sort_positions(const SortBuffers& buffers, uint32_t count, uint32_t limit);)
