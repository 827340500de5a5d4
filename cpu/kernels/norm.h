// Inner loops of the normalisations. "Rows" kernels work on a matrix with contiguous rows whose columns are channels;
// their sums are added to what `acc` holds.
#pragma once

#include <cstdint>

#include "cpu/kernels/table.h"

namespace gg::cpu {

template <class T>
struct NormOf {
  /// Σ (x - mean)²
  double (*square_row)(const T* x, int64_t n, T mean);
  /// acc[0] += Σ g, acc[1] += Σ g·(x - mean)
  void (*gradient_row)(double* acc, const T* g, const T* x, int64_t n, T mean);
  /// out = (x - mean) · scale + shift
  void (*affine_row)(T* out, const T* x, int64_t n, T mean, T scale, T shift);
  /// dx = g · a + (x - mean) · b + c
  void (*combine_row)(T* dx, const T* g, const T* x, int64_t n, T mean, T a, T b, T c);

  /// The same with a mean (and scale …) for each column: acc[j] or acc[j], acc[cols + j].
  void (*square_rows)(double* acc, const T* x, int64_t stride, int64_t rows, int64_t cols, const T* mean);
  void (*gradient_rows)(double* acc, const T* g, int64_t g_stride, const T* x, int64_t stride, int64_t rows,
                        int64_t cols, const T* mean);
  void (*affine_columns)(T* out, const T* x, int64_t n, const T* mean, const T* scale, const T* shift);
  void (*combine_columns)(T* dx, const T* g, const T* x, int64_t n, const T* mean, const T* a, const T* b, const T* c);

  /// One row of layer norm: writes out, *mean, *rstd. Not centred it is RMS norm: the mean counts as 0.
  void (*layer_forward)(T* out, T* mean, T* rstd, const T* x, const T* w, const T* b, int64_t n, double eps,
                        bool centred);
  /// One row of its gradient: writes dx, and adds to dw and db, which are partial sums of some dozens of rows.
  void (*layer_backward)(T* dx, T* dw, T* db, const T* g, const T* x, const T* w, int64_t n, T mean, T rstd,
                         bool centred);
  /// One row of the gradients of ⟨v, dx⟩: writes dg and dx, and adds to dw.
  void (*layer_double_backward)(T* dg, T* dx, T* dw, const T* v, const T* g, const T* x, const T* w, int64_t n, T mean,
                                T rstd, bool centred);
};

struct NormKernels {
  NormOf<float> f32;
  NormOf<double> f64;
};

GG_CPU_KERNEL_TABLE(NormKernels, norm_kernels)

}  // namespace gg::cpu
