// Inner loops of reductions.
#pragma once

#include <cstdint>

#include "cpu/kernels/table.h"

namespace gg::cpu {

template <class T>
struct ReduceOf {
  double (*sum)(const T* x, int64_t n);  ///< of contiguous elements
  /// acc[j] += Σᵢ x[i · stride + j] for i < rows, j < cols.
  void (*add_rows)(double* acc, const T* x, int64_t stride, int64_t rows, int64_t cols);
  /// acc[0] += Σ (x - origin), acc[1] += Σ (x - origin)²
  void (*deviations)(double* acc, const T* x, int64_t n, T origin);
  /// The same of columns: acc[j] and acc[cols + j].
  void (*deviation_rows)(double* acc, const T* x, int64_t stride, int64_t rows, int64_t cols, const T* origin);
  /// The first position of the largest (Sign = +1) or smallest (-1) element, NaN first of all; n ≥ 1.
  int64_t (*argmax)(const T* x, int64_t n);
  int64_t (*argmin)(const T* x, int64_t n);
};

struct ReduceKernels {
  ReduceOf<float> f32;
  ReduceOf<double> f64;
};

GG_CPU_KERNEL_TABLE(ReduceKernels, reduce_kernels)

}  // namespace gg::cpu
