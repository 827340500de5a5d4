// The update rules of optimisers, fused over all parameters of a call: one pass over memory, every number read and
// written once. What the rules compute: optim/sgd.h and optim/adam.h.
#pragma once

#include <cstdint>

#include "core/dtype.h"

namespace gg::cpu {

/// One parameter with its gradient and state: n numbers each, packed in the same order.
struct OptimizerEntry {
  void* parameter = nullptr;
  const void* grad = nullptr;
  void* state[2] = {};
  int64_t n = 0;
};

struct OptimizerTable {
  const OptimizerEntry* entries = nullptr;
  int64_t count = 0;
  DType dtype = DType::f32;  ///< of all of them: float32 or float64
};

/// What may change from step to step is read through a pointer, so that a captured call can be replayed.
struct SgdStep {
  double lr, momentum, weight_decay;
  bool nesterov;
};

struct AdamStep {
  double lr, beta1, beta2, eps, weight_decay;
  bool decoupled;                   ///< decay shrinks the parameter (AdamW) instead of joining the gradient (Adam)
  double correction1, correction2;  ///< 1 − betaᵗ
};

/// state[0] is the momentum buffer; not touched where momentum is 0.
void sgd(const OptimizerTable& table, const SgdStep* step);
/// state[0] and state[1] are the running means of the gradient and of its square.
void adam(const OptimizerTable& table, const AdamStep* step);

}  // namespace gg::cpu
