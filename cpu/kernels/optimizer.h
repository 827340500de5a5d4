// Inner loops of the optimisers, over packed numbers.
#pragma once

#include <cstdint>

#include "core/optimizer_rules.h"
#include "cpu/kernels/table.h"

namespace gg::cpu {

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
