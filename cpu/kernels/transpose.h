// Squares of numbers transposed in registers. Only for files compiled per instruction set.
#pragma once

#include "cpu/kernels/vec.h"

namespace gg::cpu::GG_ISA {

/// One of log₂ W steps of a transpose, W vectors of W lanes, and those that follow: squares of H by H elements change
/// places across the diagonal. Begin with H = W / 2.
template <class T, int H = kLanes<T> / 2>
GG_INLINE void transpose(Vec<T>* rows) {
  constexpr int W = kLanes<T>;
  IntVec<T> upper = {}, lower = {};
#pragma GCC unroll 16
  for (int i = 0; i < W; ++i) {
    upper[i] = i & H ? W + (i ^ H) : i;
    lower[i] = i & H ? W + i : i ^ H;
  }
#pragma GCC unroll 16
  for (int i = 0; i < W; ++i) {
    if (i & H) continue;
    const Vec<T> a = rows[i], b = rows[i | H];
    rows[i] = __builtin_shuffle(a, b, upper);
    rows[i | H] = __builtin_shuffle(a, b, lower);
  }
  if constexpr (H > 1) transpose<T, H / 2>(rows);
}

/// to[i · to_stride + j] = from[j · from_stride + i] for i, j < W.
template <class T>
GG_INLINE void transpose_square(T* to, int64_t to_stride, const T* from, int64_t from_stride) {
  constexpr int W = kLanes<T>;
  Vec<T> square[W];
#pragma GCC unroll 16
  for (int i = 0; i < W; ++i) square[i] = load(from + i * from_stride);
  transpose<T>(square);
#pragma GCC unroll 16
  for (int i = 0; i < W; ++i) store(to + i * to_stride, square[i]);
}

}  // namespace gg::cpu::GG_ISA
