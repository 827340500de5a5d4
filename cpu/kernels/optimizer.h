// Inner loops of the optimisers, over contiguous pieces.
#pragma once

#include <cstdint>

#include "cpu/kernels/table.h"

namespace gg::cpu {

template <class T>
struct AdamConstants {
  T grad_scale;  ///< sign included
  T l2;          ///< weight decay added to the gradient
  T shrink;      ///< what decoupled weight decay leaves of p
  T one_minus_beta1, beta2, one_minus_beta2;
  T inverse_root;  ///< 1 / √bias correction 2
  T eps;
  T step_size;  ///< lr / bias correction 1
};

template <class T>
struct SgdConstants {
  T grad_scale, l2, momentum, one_minus_dampening, lr;
  bool nesterov, first;
};

template <class T>
struct OptimizerOf {
  void (*adam)(T* p, const T* g, T* m, T* v, int64_t n, const AdamConstants<T>& c);
  void (*sgd)(T* p, const T* g, T* m, int64_t n, const SgdConstants<T>& c);
  double (*sum_squares)(const T* x, int64_t n);
  void (*scale)(T* x, int64_t n, T factor);
};

struct OptimizerKernels {
  OptimizerOf<float> f32;
  OptimizerOf<double> f64;
};

GG_CPU_KERNEL_TABLE(OptimizerKernels, optimizer_kernels)

}  // namespace gg::cpu
