// What the fused optimiser kernels of all devices take. Filled by optim/optimizer.cpp; what the rules compute is
// written in optim/sgd.h, optim/rmsprop.h and optim/adam.h.
#pragma once

#include <cstdint>

#include "core/dtype.h"

namespace gg {

/// State tensors of one parameter that a kernel can take.
inline constexpr int kMaxFusedState = 4;

/// One parameter with its gradient and state: n numbers each, packed in the same order.
struct OptimizerEntry {
  void* parameter = nullptr;
  const void* grad = nullptr;
  void* state[kMaxFusedState] = {};  ///< null beyond what the rule uses
  int64_t n = 0;
};

/// All parameters of a call: one pass over memory, every number read and written once.
struct OptimizerTable {
  const OptimizerEntry* entries = nullptr;  ///< on the host, valid during the call
  int64_t count = 0;
  DType dtype = DType::f32;  ///< of all of them: float32 or float64
};

// What may change from step to step is read through a pointer, so that a captured call can be replayed.

struct SgdStep {
  double lr, momentum, weight_decay;
  bool nesterov;
};

struct RmsPropStep {
  double lr, alpha, eps, weight_decay, momentum;
  bool centered;
};

struct AdamStep {
  double lr, beta1, beta2, eps, weight_decay;
  bool decoupled;                   ///< decay shrinks the parameter (AdamW) instead of joining the gradient (Adam)
  double correction1, correction2;  ///< 1 − betaᵗ
};

}  // namespace gg
