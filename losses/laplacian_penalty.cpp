#include "losses/laplacian_penalty.h"

#include <cmath>

#include "autograd/functional/laplacian.h"
#include "losses/samples.h"

namespace gg::losses {

Tensor laplacian_penalty(const Function& loss, const Tensor& x, const LaplacianPenaltyOptions& o,
                         Generator& generator) {
  const char* op = "laplacian_penalty";
  detail::check_batch(op, x);
  GG_CHECK(o.sigma >= 0 && std::isfinite(o.sigma), op, ": sigma must be finite and not negative, got ", o.sigma);
  GG_CHECK(o.probes >= 0, op, ": the number of probes must not be negative, got ", o.probes);
  GG_CHECK(!std::isnan(o.lowest), op, ": the guard must be a number");
  const auto checked = [&](const Tensor& at) {
    const Tensor values = loss(at);
    detail::check_per_sample(op, values, x);
    return values;
  };
  Tensor each = o.probes == 0 ? laplacian(checked, x, {.batched = true}).laplacian
                              : hutchinson_laplacian(checked, x, {.probes = o.probes}, generator).laplacian;
  if (std::isfinite(o.lowest)) each = clamp(each, o.lowest, std::numeric_limits<double>::infinity());
  return reduce(reshape(each, {x.size(0)}) * (0.5 * o.sigma * o.sigma), o.reduction);
}

}  // namespace gg::losses
