// Walking several arrays of one shape together: axes are sorted and merged first, so that most walks become one or two
// plain loops.
#pragma once

#include <algorithm>
#include <array>
#include <cstdlib>

#include "core/array.h"

namespace gg::cpu {

/// The axes common to N arrays, the one with the largest stride of array 0 first; no axis has size 1, and neighbours
/// that could be one axis are one axis.
template <int N>
struct Walk {
  int rank = 0;
  int64_t size[kMaxRank] = {};
  int64_t stride[N][kMaxRank] = {};

  int64_t numel() const {
    int64_t n = 1;
    for (int i = 0; i < rank; ++i) n *= size[i];
    return n;
  }
  void drop(int axis) {
    --rank;
    for (int i = axis; i < rank && i + 1 < kMaxRank; ++i) {
      size[i] = size[i + 1];
      for (int k = 0; k < N; ++k) stride[k][i] = stride[k][i + 1];
    }
  }
  void push(int64_t n, const std::array<int64_t, N>& strides) {
    size[rank] = n;
    for (int k = 0; k < N; ++k) stride[k][rank] = strides[k];
    ++rank;
  }
};

/// Sorts (by the stride of array 0, then 1 …, largest first) and merges the axes of a walk.
template <int N>
void coalesce(Walk<N>& w) {
  for (int i = w.rank - 1; i >= 0; --i) {
    if (w.size[i] == 1) w.drop(i);
  }
  auto before = [&](int a, int b) {  // whether axis a belongs in front of axis b
    for (int k = 0; k < N; ++k) {
      int64_t sa = std::abs(w.stride[k][a]), sb = std::abs(w.stride[k][b]);
      if (sa != sb) return sa > sb;
    }
    return false;
  };
  for (int i = 1; i < w.rank; ++i) {
    for (int j = i; j > 0 && before(j, j - 1); --j) {
      std::swap(w.size[j], w.size[j - 1]);
      for (int k = 0; k < N; ++k) std::swap(w.stride[k][j], w.stride[k][j - 1]);
    }
  }
  for (int i = w.rank - 2; i >= 0; --i) {
    bool merge = true;
    for (int k = 0; k < N; ++k) merge &= w.stride[k][i] == w.stride[k][i + 1] * w.size[i + 1];
    if (!merge) continue;
    w.size[i + 1] *= w.size[i];
    w.drop(i);
  }
}

/// The walk over arrays of one shape.
template <int N>
Walk<N> walk_over(const std::array<const Array*, N>& arrays) {
  Walk<N> w;
  for (int i = 0; i < arrays[0]->rank(); ++i) {
    std::array<int64_t, N> strides;
    for (int k = 0; k < N; ++k) strides[k] = arrays[k]->strides[i];
    w.push(arrays[0]->shape[i], strides);
  }
  coalesce(w);
  return w;
}

/// Calls fn(offsets of the N arrays) for the positions [begin, end), in row-major order, of the first `axes` axes.
template <int N, class Fn>
void for_positions(const Walk<N>& w, int axes, int64_t begin, int64_t end, Fn&& fn) {
  int64_t at[kMaxRank] = {};
  std::array<int64_t, N> offset{};
  int64_t rest = begin;
  for (int i = axes - 1; i >= 0; --i) {
    at[i] = rest % w.size[i];
    rest /= w.size[i];
    for (int k = 0; k < N; ++k) offset[k] += at[i] * w.stride[k][i];
  }
  for (int64_t p = begin; p < end; ++p) {
    fn(offset);
    for (int i = axes - 1; i >= 0; --i) {
      for (int k = 0; k < N; ++k) offset[k] += w.stride[k][i];
      if (++at[i] < w.size[i]) break;
      for (int k = 0; k < N; ++k) offset[k] -= at[i] * w.stride[k][i];
      at[i] = 0;
    }
  }
}

/// The number of positions of the first `axes` axes.
template <int N>
int64_t positions(const Walk<N>& w, int axes) {
  int64_t n = 1;
  for (int i = 0; i < axes; ++i) n *= w.size[i];
  return n;
}

}  // namespace gg::cpu
