// Dropout.
#pragma once

#include "core/generator.h"
#include "core/tensor.h"

namespace gg {

/// Elements of x become 0 with probability p (in [0, 1)), the others x / (1 − p). x itself where not `training`.
/// Gradients of any order draw the same mask again from the same random counters instead of keeping it.
Tensor dropout(const Tensor& x, double p, bool training = true, Generator& generator = default_generator());

}  // namespace gg
