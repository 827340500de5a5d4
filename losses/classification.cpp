#include "losses/classification.h"

#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/softmax.h"

namespace gg::losses {

Tensor cross_entropy(const Tensor& logits, const Tensor& target, const CrossEntropyOptions& o) {
  Tensor loss = softmax_cross_entropy(logits, target, {o.label_smoothing, o.ignore_index});
  if (o.reduction != Reduction::mean) return reduce(loss, o.reduction);
  Tensor counted = sum(ne(target, full({}, o.ignore_index, target.options())));
  return sum(loss) / to(counted, loss.dtype());
}

Tensor kl_from_logits(const Tensor& p_logits, const Tensor& q_logits) {
  GG_CHECK(p_logits.rank() == 2 && p_logits.shape() == q_logits.shape() && p_logits.dtype() == q_logits.dtype(),
           "kl_from_logits: expected logits [N, classes] of one shape and type, got ", p_logits.dtype(), " ",
           p_logits.shape(), " and ", q_logits.dtype(), " ", q_logits.shape());
  const Tensor log_p = log_softmax(p_logits);
  return sum(exp(log_p) * (log_p - log_softmax(q_logits)), 1);
}

Tensor entropy_from_logits(const Tensor& logits) {
  GG_CHECK(logits.rank() == 2, "entropy_from_logits: expected logits [N, classes], got ", logits.shape());
  const Tensor log_p = log_softmax(logits);
  return -sum(exp(log_p) * log_p, 1);
}

}  // namespace gg::losses
