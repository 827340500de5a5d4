// Reductions within a warp and within a block. Every thread of the block must call them, and every thread gets the
// result.
//
// The order of the operations depends on the number of threads only, so results repeat bit by bit.
#pragma once

#include <cstring>

#include "cuda/platform.h"

namespace gg::GG_CUDA_NS {

inline constexpr unsigned kFullMask = 0xffffffffu;

/// The value that the lane `lanes` (a power of two) across holds; T is a number, or a struct of 4- or 8-byte parts.
template <class T>
__device__ T shuffle_xor(T value, int lanes) {
  using Word = std::conditional_t<sizeof(T) % 8 == 0, unsigned long long, unsigned>;
  static_assert(sizeof(T) % sizeof(Word) == 0);
  constexpr int kWords = sizeof(T) / sizeof(Word);
  Word words[kWords];
  std::memcpy(words, &value, sizeof(T));
#pragma unroll
  for (int i = 0; i < kWords; ++i) words[i] = __shfl_xor_sync(kFullMask, words[i], lanes);
  std::memcpy(&value, words, sizeof(T));
  return value;
}

struct Add {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a + b;
  }
};

/// As a tree, for accuracy and because the additions need not wait for one another.
template <class T>
__device__ T sum_of(const T (&v)[8]) {
  return ((v[0] + v[1]) + (v[2] + v[3])) + ((v[4] + v[5]) + (v[6] + v[7]));
}

/// Combines one value of each lane of a full warp; `combine` must be commutative.
template <class T, class Combine>
__device__ T warp_reduce(T value, Combine combine) {
  for (int lanes = 16; lanes > 0; lanes /= 2) value = combine(value, shuffle_xor(value, lanes));
  return value;
}

/// Combines one value of each of the block's kThreads threads (a multiple of 32, up to 1024, one-dimensional block).
template <int kThreads, class T, class Combine>
__device__ T block_reduce(T value, T identity, Combine combine) {
  static_assert(kThreads % 32 == 0 && kThreads <= 1024);
  constexpr int kWarps = kThreads / 32;
  value = warp_reduce(value, combine);
  if constexpr (kWarps == 1) return value;
  GG_SHARED(T, partial, [kWarps]);
  const int lane = static_cast<int>(threadIdx.x % 32), warp = static_cast<int>(threadIdx.x / 32);
  __syncthreads();  // the last call's readers must be done with `partial`
  if (lane == 0) partial[warp] = value;
  __syncthreads();
  return warp_reduce(lane < kWarps ? partial[lane] : identity, combine);
}

}  // namespace gg::GG_CUDA_NS
