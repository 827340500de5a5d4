#include "cpu/kernels/distance.h"

#include "cpu/kernels/vec.h"

namespace gg::cpu::GG_ISA {
namespace {

// Points I × J at once: their differences share loads, and the sums need not wait for one another.
template <int I, int J, class T>
GG_INLINE void block(T* out, int64_t out_stride, const T* a, int64_t a_stride, const T* b, int64_t b_stride,
                     int64_t d) {
  constexpr int W = kLanes<T>;
  Vec<T> sum[I][J] = {};
  int64_t k = 0;
  for (; k + W <= d; k += W) {
    Vec<T> x[I], y[J];
#pragma GCC unroll 4
    for (int i = 0; i < I; ++i) x[i] = load(a + i * a_stride + k);
#pragma GCC unroll 4
    for (int j = 0; j < J; ++j) y[j] = load(b + j * b_stride + k);
#pragma GCC unroll 4
    for (int i = 0; i < I; ++i) {
#pragma GCC unroll 4
      for (int j = 0; j < J; ++j) {
        const Vec<T> difference = x[i] - y[j];
        sum[i][j] += difference * difference;
      }
    }
  }
#pragma GCC unroll 4
  for (int i = 0; i < I; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < J; ++j) {
      T rest = 0;
      for (int64_t r = k; r < d; ++r) {
        const T difference = a[i * a_stride + r] - b[j * b_stride + r];
        rest += difference * difference;
      }
      out[i * out_stride + j] = (k > 0 ? sum_lanes<T>(sum[i][j]) : 0) + rest;
    }
  }
}

// Few coordinates: vectors of points of b, which are transposed for all points of a.
constexpr int64_t kFew = 24;

template <class T>
void squared_of_few(T* out, int64_t out_stride, const T* a, int64_t a_stride, const T* b, int64_t b_stride, int64_t n,
                    int64_t m, int64_t d) {
  constexpr int64_t W = kLanes<T>, J = 4 * W;
  alignas(64) T across[kFew][J];
  for (int64_t j0 = 0; j0 < m; j0 += J) {
    const int64_t count = m - j0 < J ? m - j0 : J;
    for (int64_t k = 0; k < d; ++k) {
      for (int64_t j = 0; j < J; ++j) across[k][j] = j < count ? b[(j0 + j) * b_stride + k] : 0;
    }
    for (int64_t i = 0; i < n; ++i) {
      Vec<T> sum[4] = {};
      for (int64_t k = 0; k < d; ++k) {
        const Vec<T> x = splat(a[i * a_stride + k]);
#pragma GCC unroll 4
        for (int v = 0; v < 4; ++v) {
          const Vec<T> difference = x - load(across[k] + v * W);
          sum[v] += difference * difference;
        }
      }
      T* to = out + i * out_stride + j0;
      alignas(64) T padded[J];
      T* direct = count == J ? to : padded;
#pragma GCC unroll 4
      for (int v = 0; v < 4; ++v) store(direct + v * W, sum[v]);
      for (int64_t j = 0; direct == padded && j < count; ++j) to[j] = padded[j];
    }
  }
}

template <class T>
void squared(T* out, int64_t out_stride, const T* a, int64_t a_stride, const T* b, int64_t b_stride, int64_t n,
             int64_t m, int64_t d) {
  if (d <= kFew) return squared_of_few(out, out_stride, a, a_stride, b, b_stride, n, m, d);
  int64_t j = 0;
  for (; j + 4 <= m; j += 4) {
    int64_t i = 0;
    for (; i + 2 <= n; i += 2) {
      block<2, 4>(out + i * out_stride + j, out_stride, a + i * a_stride, a_stride, b + j * b_stride, b_stride, d);
    }
    if (i < n)
      block<1, 4>(out + i * out_stride + j, out_stride, a + i * a_stride, a_stride, b + j * b_stride, b_stride, d);
  }
  for (; j < m; ++j) {
    for (int64_t i = 0; i < n; ++i) {
      block<1, 1>(out + i * out_stride + j, out_stride, a + i * a_stride, a_stride, b + j * b_stride, b_stride, d);
    }
  }
}

}  // namespace

extern const DistanceKernels distance_kernels_table = {{squared<float>}, {squared<double>}};

}  // namespace gg::cpu::GG_ISA
