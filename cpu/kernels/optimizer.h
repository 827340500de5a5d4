// Inner loops of the optimisers, over packed numbers.
#pragma once

#include <cstdint>

#include "cpu/kernels/table.h"

namespace gg::cpu {

template <class T>
struct SgdNumbers {
  T lr, momentum, weight_decay;
};

template <class T>
struct AdamNumbers {
  T shrink;  ///< 1 − lr·weight_decay where decay is decoupled, else 1
  T decay;   ///< of the gradient: weight_decay where it is not, else 0
  T one_minus_beta1, beta2, one_minus_beta2;
  T step_size;   ///< lr / (1 − beta1ᵗ)
  T root_scale;  ///< 1 / sqrt(1 − beta2ᵗ)
  T eps;
};

/// p, g, state 0, state 1 (null where a rule has none), n.
template <class T>
struct OptimizerOf {
  using Sgd = void (*)(T* p, const T* g, T* buffer, T* unused, int64_t n, const SgdNumbers<T>& numbers);
  Sgd sgd, sgd_momentum, sgd_nesterov;
  void (*adam)(T* p, const T* g, T* m, T* v, int64_t n, const AdamNumbers<T>& numbers);
};

struct OptimizerKernels {
  OptimizerOf<float> f32;
  OptimizerOf<double> f64;
};

GG_CPU_KERNEL_TABLE(OptimizerKernels, optimizer_kernels)

}  // namespace gg::cpu
