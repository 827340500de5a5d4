// Inner loops of the optimisers, over packed numbers.
#pragma once

#include <cstdint>

#include "core/optimizer_rules.h"
#include "cpu/kernels/table.h"

namespace gg::cpu {

/// Parameters, gradients, then states in the order of OptimizerEntry; those that a rule has no use for may be null.
template <class T>
struct OptimizerOf {
  using Momentum = void (*)(T* p, const T* g, T* buffer, int64_t n, const SgdNumbers<T>& numbers);
  using RmsProp = void (*)(T* p, const T* g, T* v, T* buffer, T* mean, int64_t n, const RmsPropNumbers<T>& numbers);
  void (*sgd)(T* p, const T* g, int64_t n, const SgdNumbers<T>& numbers);
  Momentum sgd_momentum, sgd_nesterov;
  RmsProp rmsprop[2][2];  ///< [with momentum][centered]
  void (*adam)(T* p, const T* g, T* m, T* v, int64_t n, const AdamNumbers<T>& numbers);
};

struct OptimizerKernels {
  OptimizerOf<float> f32;
  OptimizerOf<double> f64;
};

GG_CPU_KERNEL_TABLE(OptimizerKernels, optimizer_kernels)

}  // namespace gg::cpu
