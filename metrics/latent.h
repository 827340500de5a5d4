// Which dimensions of a latent code are in use.
#pragma once

#include <vector>

#include "core/tensor.h"

namespace gg::metrics {

struct ActiveUnits {
  int64_t count = 0;             ///< dimensions whose variance is above the threshold
  std::vector<double> variance;  ///< Var over x of each dimension of the posterior mean, unbiased
};

/// From posterior means mu [N, d] of N ≥ 2 inputs: a dimension that ignores its input does not vary (Burda, Grosse,
/// Salakhutdinov 2016, with their threshold).
ActiveUnits active_units(const Tensor& mu, double threshold = 0.01);

}  // namespace gg::metrics
