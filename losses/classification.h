// Losses of classifiers.
#pragma once

#include "losses/reduction.h"

namespace gg::losses {

struct CrossEntropyOptions {
  double label_smoothing = 0;   ///< ε in [0, 1]: the target distribution is (1 − ε)·one-hot + ε/classes
  int64_t ignore_index = -100;  ///< rows with this target give loss 0, no gradient, and do not count in the mean
  Reduction reduction = Reduction::mean;
};

/// −log softmax(logits)[target], for logits [N, classes] and int64 targets [N]. Computed from the logits in one pass
/// (ops/softmax.h); nothing is read back to the host.
Tensor cross_entropy(const Tensor& logits, const Tensor& target, const CrossEntropyOptions& options = {});

}  // namespace gg::losses
