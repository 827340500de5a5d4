// Softmax of one contiguous row, and of neighbouring columns of a matrix with contiguous rows.
#pragma once

#include <cstdint>

#include "cpu/kernels/table.h"

namespace gg::cpu {

template <class T>
struct SoftmaxOf {
  void (*softmax)(T* out, const T* x, int64_t n);
  void (*softmax_backward)(T* dx, const T* g, const T* y, int64_t n);
  void (*log_softmax)(T* out, const T* x, int64_t n);
  void (*log_softmax_backward)(T* dx, const T* g, const T* y, int64_t n);
  double (*logsumexp)(const T* x, int64_t n);
  double (*sum)(const T* x, int64_t n);
  /// dx = g · exp(x - lse) - shift
  void (*scaled_exp)(T* dx, const T* x, int64_t n, T lse, T g, T shift);
};

/// A matrix whose rows are contiguous and lie `stride` elements apart.
template <class T>
struct MatrixOf {
  T* data;
  int64_t stride;
};

/// Everything that is the same for the elements of a column is an array of one number for each.
template <class T>
struct SoftmaxColumnsOf {
  /// Takes rows into the maxima, and into sums of exp(x - max) (an infinite max counts as 0); nan[j] becomes NaN where
  /// an element is.
  void (*take)(T* max, double* sum, T* nan, MatrixOf<const T> x, int64_t rows, int64_t cols);
  /// out = exp(x - max) · scale
  void (*softmax)(MatrixOf<T> out, MatrixOf<const T> x, int64_t rows, int64_t cols, const T* max, const T* scale);
  /// out = (x - max) - shift
  void (*log_softmax)(MatrixOf<T> out, MatrixOf<const T> x, int64_t rows, int64_t cols, const T* max, const T* shift);
  /// acc[j] += Σ g·y, and Σ g
  void (*add_products)(double* acc, MatrixOf<const T> g, MatrixOf<const T> y, int64_t rows, int64_t cols);
  void (*add)(double* acc, MatrixOf<const T> g, MatrixOf<const T> y, int64_t rows, int64_t cols);
  /// dx = y · (g - dot), and dx = g - exp(y) · sum
  void (*softmax_backward)(MatrixOf<T> dx, MatrixOf<const T> g, MatrixOf<const T> y, int64_t rows, int64_t cols,
                           const T* dot);
  void (*log_softmax_backward)(MatrixOf<T> dx, MatrixOf<const T> g, MatrixOf<const T> y, int64_t rows, int64_t cols,
                               const T* sum);
};

struct SoftmaxKernels {
  SoftmaxOf<float> f32;
  SoftmaxOf<double> f64;
  SoftmaxColumnsOf<float> columns_f32;
  SoftmaxColumnsOf<double> columns_f64;
};

GG_CPU_KERNEL_TABLE(SoftmaxKernels, softmax_kernels)

}  // namespace gg::cpu
