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

template <class T>
void squared(T* out, int64_t out_stride, const T* a, int64_t a_stride, const T* b, int64_t b_stride, int64_t n,
             int64_t m, int64_t d) {
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
