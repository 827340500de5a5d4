#include "cpu/kernels/reduce.h"

#include "cpu/kernels/vec.h"

namespace gg::cpu::GG_ISA {
namespace {

// Blocks of kBlock elements go into kVectors vectors, each lane adding a dozen or so elements.
constexpr int kVectors = 4;
template <class T>
constexpr int64_t kBlock = 16 * kVectors* kLanes<T>;

template <class T>
double sum(const T* x, int64_t n) {
  constexpr int W = kLanes<T>;
  double total = 0;
  while (n > 0) {
    int64_t count = n < kBlock<T> ? n : kBlock<T>;
    Vec<T> s[kVectors] = {};
    int64_t i = 0;
    for (; i + kVectors * W <= count; i += kVectors * W) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) s[v] += load(x + i + v * W);
    }
    for (; i + W <= count; i += W) s[0] += load(x + i);
    T rest = 0;
    for (; i < count; ++i) rest += x[i];
    total += static_cast<double>(sum_lanes<T>((s[0] + s[1]) + (s[2] + s[3]))) + static_cast<double>(rest);
    x += count;
    n -= count;
  }
  return total;
}

// Groups of 16 rows are added in T, and the group's sums in double.
template <class T>
void add_rows(double* acc, const T* x, int64_t stride, int64_t rows, int64_t cols) {
  constexpr int64_t kPiece = 256, kGroup = 16;
  for (int64_t j0 = 0; j0 < cols; j0 += kPiece) {
    int64_t count = cols - j0 < kPiece ? cols - j0 : kPiece;
    for (int64_t i0 = 0; i0 < rows; i0 += kGroup) {
      int64_t i1 = i0 + kGroup < rows ? i0 + kGroup : rows;
      alignas(64) T s[kPiece];
      const T* p = x + i0 * stride + j0;
      for (int64_t j = 0; j < count; ++j) s[j] = p[j];
      int64_t i = i0 + 1;
      for (; i + 3 <= i1; i += 3) {
        const T* a = x + i * stride + j0;
        const T* b = a + stride;
        const T* c = b + stride;
        for (int64_t j = 0; j < count; ++j) s[j] = ((s[j] + a[j]) + b[j]) + c[j];
      }
      for (; i < i1; ++i) {
        const T* a = x + i * stride + j0;
        for (int64_t j = 0; j < count; ++j) s[j] += a[j];
      }
      for (int64_t j = 0; j < count; ++j) acc[j0 + j] += static_cast<double>(s[j]);
    }
  }
}

// First the value, in lanes; then the first place that has it.
template <class T, int Sign>
int64_t find(const T* x, int64_t n) {
  constexpr int W = kLanes<T>;
  auto better = [](T a, T b) { return Sign > 0 ? a > b : a < b; };
  T best = x[0];
  int64_t i = 0;
  if (n >= 2 * W) {
    Vec<T> v = load(x);
    IntVec<T> nan = v != v;
    for (i = W; i + W <= n; i += W) {
      Vec<T> u = load(x + i);
      nan |= u != u;
      v = (Sign > 0 ? u > v : u < v) ? u : v;
    }
    T lanes[W];
    store(lanes, v);
    bool any_nan = false;
    for (int l = 0; l < W; ++l) any_nan |= nan[l] != 0;
    best = lanes[0];
    for (int l = 1; l < W; ++l) best = better(lanes[l], best) ? lanes[l] : best;
    for (int64_t k = i; k < n; ++k) {
      any_nan |= x[k] != x[k];
      best = better(x[k], best) ? x[k] : best;
    }
    if (any_nan) {
      for (int64_t k = 0;; ++k) {
        if (x[k] != x[k]) return k;
      }
    }
    for (int64_t k = 0;; ++k) {
      if (x[k] == best) return k;
    }
  }
  int64_t at = 0;
  for (i = 0; i < n; ++i) {
    if (x[i] != x[i]) return i;
    if (better(x[i], best)) {
      best = x[i];
      at = i;
    }
  }
  return at;
}

}  // namespace

extern const ReduceKernels reduce_kernels_table = {
    {sum<float>, add_rows<float>, find<float, 1>, find<float, -1>},
    {sum<double>, add_rows<double>, find<double, 1>, find<double, -1>},
};

}  // namespace gg::cpu::GG_ISA
