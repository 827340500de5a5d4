// Softmax and its relatives. They shift by the largest element first, so no finite input overflows.
#pragma once

#include "core/tensor.h"

namespace gg {

/// exp(x) / Σ exp(x) along an axis. A row of −∞ gives NaN.
Tensor softmax(const Tensor& x, int axis = -1);
/// x − log Σ exp(x) along an axis.
Tensor log_softmax(const Tensor& x, int axis = -1);
/// log Σ exp(x) along an axis.
Tensor logsumexp(const Tensor& x, int axis = -1, bool keepdim = false);

enum class Reduction { none, mean, sum };

struct CrossEntropyOptions {
  double label_smoothing = 0;   ///< ε: the target distribution is (1 − ε)·one-hot + ε/classes
  int64_t ignore_index = -100;  ///< rows with this target give loss 0, no gradient, and do not count in the mean
  Reduction reduction = Reduction::mean;
};

/// Cross-entropy of logits [N, classes] against int64 targets [N], from the logits in one pass.
Tensor cross_entropy(const Tensor& logits, const Tensor& target, const CrossEntropyOptions& options = {});

}  // namespace gg
