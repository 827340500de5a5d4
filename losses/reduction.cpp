#include "losses/reduction.h"

#include "ops/elementwise.h"
#include "ops/reduce.h"

namespace gg::losses {

Tensor reduce(const Tensor& loss, Reduction reduction) {
  switch (reduction) {
    case Reduction::none:
      return loss;
    case Reduction::mean:
      return mean(loss);
    case Reduction::sum:
      return sum(loss);
  }
  fail("reduce: unknown reduction ", static_cast<int>(reduction));
}

Tensor sum_per_sample(const Tensor& loss) {
  GG_CHECK(loss.rank() >= 1, "sum_per_sample: expected a batch [N, ...], got a scalar");
  if (loss.rank() == 1) return loss;
  Axes axes;
  for (int i = 1; i < loss.rank(); ++i) axes.push_back(i);
  return sum(loss, axes);
}

Tensor mean_over_batch(const Tensor& loss) {
  GG_CHECK(loss.rank() >= 1 && loss.size(0) > 0, "mean_over_batch: expected a batch [N, ...] with N > 0, got ",
           loss.shape());
  return sum(loss) / loss.size(0);
}

}  // namespace gg::losses
