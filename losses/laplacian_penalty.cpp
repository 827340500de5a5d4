#include "losses/laplacian_penalty.h"

#include <cmath>

#include "losses/samples.h"
#include "ops/ops.h"

namespace gg::losses {

Tensor expanded_noisy_loss(const Function& loss, const Tensor& x, const ExpandedLossOptions& o, Generator& generator) {
  const char* op = "expanded_noisy_loss";
  detail::check_batch(op, x);
  GG_CHECK(o.sigma >= 0 && std::isfinite(o.sigma), op, ": expected sigma ≥ 0, got ", o.sigma);
  GG_CHECK(o.probes >= 0, op, ": expected probes ≥ 0, 0 being the exact Laplacian, got ", o.probes);
  const Tensor at = x.detach();
  const LaplacianResult l = o.probes > 0 ? hutchinson_laplacian(loss, at, {.probes = o.probes}, generator)
                                         : laplacian(loss, at, {.batched = true});
  detail::check_per_sample(op, l.value, at);
  const Tensor expanded = l.value + l.laplacian * (0.5 * o.sigma * o.sigma);
  return reduce(o.guard ? clamp(expanded, o.lowest, INFINITY) : expanded, o.reduction);
}

}  // namespace gg::losses
