// Softmax and its relatives. They shift by the largest element first, so no finite input overflows. As a loss with a
// reduction: losses/classification.h.
#pragma once

#include "core/cross_entropy_options.h"
#include "ops/reduce.h"

namespace gg {

/// exp(x) / Σ exp(x) along an axis. A row of −∞ gives NaN.
Tensor softmax(const Tensor& x, int axis = -1);
/// x − log Σ exp(x) along an axis.
Tensor log_softmax(const Tensor& x, int axis = -1);
/// log Σ exp(x) along an axis.
Tensor logsumexp(const Tensor& x, int axis = -1, const ReduceOptions& options = {});

/// The cross-entropy of each row of logits [N, classes] against its int64 target in targets [N]: [N].
Tensor softmax_cross_entropy(const Tensor& logits, const Tensor& target,
                             const SoftmaxCrossEntropyOptions& options = {});

}  // namespace gg
