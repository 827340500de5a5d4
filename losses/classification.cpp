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

}  // namespace gg::losses
