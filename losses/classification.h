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

/// KL(softmax(p) ‖ softmax(q)) of each row, in nats: [N, classes] ↦ [N]. For consistency between two predictions;
/// detach the one that shall be a target.
Tensor kl_from_logits(const Tensor& p_logits, const Tensor& q_logits);

/// The entropy of softmax(logits) of each row, in nats: [N, classes] ↦ [N].
Tensor entropy_from_logits(const Tensor& logits);

}  // namespace gg::losses
