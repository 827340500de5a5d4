// Softmax of one contiguous row.
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

struct SoftmaxKernels {
  SoftmaxOf<float> f32;
  SoftmaxOf<double> f64;
};

GG_CPU_KERNEL_TABLE(SoftmaxKernels, softmax_kernels)

}  // namespace gg::cpu
