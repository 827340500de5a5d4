// Walking a contiguous row in vectors: groups of vectors, then single vectors, the last one through a padded buffer, so
// that a row of ten elements runs vector code as well as one of ten thousand. Only for files compiled per instruction
// set.
#pragma once

#include "cpu/kernels/vec.h"

namespace gg::cpu::GG_ISA {

/// Elements in a group: some vectors, so that loops over a group have independent work.
template <class T>
inline constexpr int kGroup = 4 * kLanes<T>;

/// Room for a group, or for the single vectors in which a row ends.
template <class T>
struct alignas(64) Group {
  T lane[kGroup<T>];
};

/// A number of lanes known when compiling: kGroup or kLanes.
template <int N>
struct Count {
  static constexpr int value = N;
};

/// Calls fn(out, a, Count) for each group of the row `a`, and for each single vector of what is left: fn reads
/// Count::value elements at `a` and writes as many at `out`. The last vector reads `padding` beyond the end, and what
/// is written there is dropped. `out` may be null; fn then gets null.
template <class T, class Fn>
GG_INLINE void for_groups(T* out, const T* a, int64_t n, T padding, Fn&& fn) {
  constexpr int64_t G = kGroup<T>, W = kLanes<T>;
  int64_t i = 0;
  for (; i + G <= n; i += G) fn(out ? out + i : nullptr, a + i, Count<G>());
  for (; i + W <= n; i += W) fn(out ? out + i : nullptr, a + i, Count<W>());
  if (i == n) return;
  alignas(64) T in[W], result[W];
  for (int64_t k = 0; k < W; ++k) in[k] = i + k < n ? a[i + k] : padding;
  fn(out ? result : nullptr, in, Count<W>());
  if (!out) return;
  for (int64_t k = i; k < n; ++k) out[k] = result[k - i];
}

/// The same with two rows to read, both padded.
template <class T, class Fn>
GG_INLINE void for_groups(T* out, const T* a, const T* b, int64_t n, T padding, Fn&& fn) {
  constexpr int64_t G = kGroup<T>, W = kLanes<T>;
  int64_t i = 0;
  for (; i + G <= n; i += G) fn(out ? out + i : nullptr, a + i, b + i, Count<G>());
  for (; i + W <= n; i += W) fn(out ? out + i : nullptr, a + i, b + i, Count<W>());
  if (i == n) return;
  alignas(64) T in[W], more[W], result[W];
  for (int64_t k = 0; k < W; ++k) {
    in[k] = i + k < n ? a[i + k] : padding;
    more[k] = i + k < n ? b[i + k] : padding;
  }
  fn(out ? result : nullptr, in, more, Count<W>());
  if (!out) return;
  for (int64_t k = i; k < n; ++k) out[k] = result[k - i];
}

/// The same with N rows to read, each padded with a number of its own, and nothing to write: fn(rows, Count).
template <class T, int N, class Fn>
GG_INLINE void for_groups(const T* const (&rows)[N], int64_t n, const T (&padding)[N], Fn&& fn) {
  constexpr int64_t G = kGroup<T>, W = kLanes<T>;
  const T* at[N];
  int64_t i = 0;
  auto go_to = [&] {
    for (int r = 0; r < N; ++r) at[r] = rows[r] + i;
  };
  for (; i + G <= n; i += G) {
    go_to();
    fn(at, Count<G>());
  }
  for (; i + W <= n; i += W) {
    go_to();
    fn(at, Count<W>());
  }
  if (i == n) return;
  alignas(64) T in[N][W];
  for (int r = 0; r < N; ++r) {
    for (int64_t k = 0; k < W; ++k) in[r][k] = i + k < n ? rows[r][i + k] : padding[r];
    at[r] = in[r];
  }
  fn(at, Count<W>());
}

/// A sum of many groups: lanes in T, carried to double from time to time.
template <class T>
struct GroupSum {
  Vec<T> part[4] = {};
  int groups = 0;
  double total = 0;

  template <int N>
  GG_INLINE void add(const T* values, Count<N>) {
#pragma GCC unroll 4
    for (int v = 0; v < N / kLanes<T>; ++v) part[v] += load(values + v * kLanes<T>);
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
