// Walking a contiguous row in vectors: whole groups of vectors in place, and the rest through padded buffers, so that a
// row of ten elements runs the same vector code as one of ten thousand. Only for files compiled per instruction set.
#pragma once

#include "cpu/kernels/vec.h"

namespace gg::cpu::GG_ISA {

/// Elements in a group: some vectors, so that loops over a group have independent work.
template <class T>
inline constexpr int kGroup = 4 * kLanes<T>;

template <class T>
struct alignas(64) Group {
  T lane[kGroup<T>];
};

template <class T>
GG_INLINE void read_group(Group<T>& to, const T* from, int64_t count, T padding) {
  for (int64_t i = 0; i < kGroup<T>; ++i) to.lane[i] = i < count ? from[i] : padding;
}

/// Calls fn(inputs…, lanes written) for each group: fn gets a pointer to kGroup elements for the output and each input.
/// Inputs beyond the end read as `padding`; outputs beyond the end are dropped. `out` may be null: then nothing is
/// kept.
template <class T, class Fn>
GG_INLINE void for_groups(T* out, const T* a, int64_t n, T padding, Fn&& fn) {
  constexpr int64_t G = kGroup<T>;
  int64_t i = 0;
  for (; i + G <= n; i += G) fn(out ? out + i : nullptr, a + i);
  if (i < n) {
    Group<T> in, result;
    read_group(in, a + i, n - i, padding);
    fn(result.lane, in.lane);
    if (out) {
      for (int64_t k = i; k < n; ++k) out[k] = result.lane[k - i];
    }
  }
}

/// The sum of the lanes of some vectors added up over groups, carried in double from time to time.
template <class T>
struct GroupSum {
  Vec<T> part[4] = {};
  int groups = 0;
  double total = 0;

  GG_INLINE void add(const T* values) {
#pragma GCC unroll 4
    for (int v = 0; v < 4; ++v) part[v] += load(values + v * kLanes<T>);
    if (++groups == 16) flush();
  }
  GG_INLINE void flush() {
    total += static_cast<double>(sum_lanes<T>((part[0] + part[1]) + (part[2] + part[3])));
#pragma GCC unroll 4
    for (int v = 0; v < 4; ++v) part[v] = Vec<T>{};
    groups = 0;
  }
  GG_INLINE double result() {
    flush();
    return total;
  }
};

}  // namespace gg::cpu::GG_ISA
