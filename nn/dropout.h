// Dropout as a layer.
#pragma once

#include "nn/module.h"
#include "ops/dropout.h"

namespace gg::nn {

/// In training, elements become 0 with probability p, the others x / (1 − p); in evaluation x itself. Draws from the
/// default generator.
struct Dropout : Module {
  explicit Dropout(double probability = 0.5) : Module(str("Dropout(", probability, ")")), p(probability) {
    GG_CHECK(p >= 0 && p < 1, "Dropout: the probability must be in [0, 1), got ", p);
  }
  Tensor operator()(const Tensor& x) const { return dropout(x, p, training()); }
  double p;
};

}  // namespace gg::nn
