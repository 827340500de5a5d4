// Samples of classes that have gradients.
#pragma once

#include "core/generator.h"
#include "core/tensor.h"

namespace gg {

struct GumbelOptions {
  double tau = 1;     ///< temperature, above 0: small ones give samples that are nearly one-hot, and large gradients
  bool hard = false;  ///< the value is one-hot, the gradient that of the soft sample
  int axis = -1;
};

/// softmax((logits + g) / tau), g being independent Gumbel noise: a relaxed sample of the classes along an axis, whose
/// largest entry is class k with probability softmax(logits)[k] (Jang, Gu and Poole, arXiv:1611.01144).
Tensor gumbel_softmax(const Tensor& logits, const GumbelOptions& options = {},
                      Generator& generator = default_generator());

/// The value of `hard` with the gradient of `soft` (Bengio, Léonard and Courville, arXiv:1308.3432): the derivative by
/// `soft` is the identity, that by `hard` zero. Shape and type must agree. With soft = x and hard = sign(x), say, what
/// has no useful derivative passes gradients on. Shares the memory of `hard`: clone before writing in place.
Tensor straight_through(const Tensor& hard, const Tensor& soft);

}  // namespace gg
