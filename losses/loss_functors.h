// Losses that are one formula for each element, so that forward and each gradient are one pass over memory, and one
// launch on a device. They are functors like those of ops/functors/, and not operations of the public list.
#pragma once

#include "core/functor.h"

namespace gg::losses {

/// -log p(t | x) of a Bernoulli variable: softplus(x) - x·t, stable for any finite x.
struct BceWithLogits {
  static constexpr const char* name = "bce_with_logits";
  static constexpr int vector_depth = 2;
  static constexpr const char* doc = "softplus(x) - x t";
  template <class T>
  GG_HD T f(T x, T t) const {
    return (select(x >= 0, x, 0) + log1p(exp_minus_abs(x))) - x * t;
  }
};

/// What one dimension adds to KL(N(mu, e^logvar) || N(0, 1)).
struct KlNormalStandard {
  static constexpr const char* name = "kl_normal_standard";
  static constexpr int vector_depth = 2;
  static constexpr const char* doc = "(mu^2 + e^logvar - 1 - logvar) / 2";
  template <class T>
  GG_HD T f(T mu, T logvar) const {
    // expm1: near logvar = 0, exp(logvar) - 1 - logvar would be rounding errors.
    return (mu * mu + (expm1(logvar) - logvar)) * 0.5;
  }
};

using LossFunctors = gg::OpList<gg::losses::BceWithLogits, gg::losses::KlNormalStandard>;

}  // namespace gg::losses
