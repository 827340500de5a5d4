#include "losses/laplacian_penalty.h"

#include <cmath>
#include <limits>

#include "autograd/functional/laplacian.h"
#include "losses/samples.h"

namespace gg::losses {

Tensor expanded_noisy_loss(const Function& loss, const Tensor& x, const ExpandedLossOptions& o, Generator& generator) {
  const char* op = "expanded_noisy_loss";
  detail::check_batch(op, x);
  GG_CHECK(o.sigma >= 0 && std::isfinite(o.sigma), op, ": sigma must be finite and not negative, got ", o.sigma);
  GG_CHECK(o.probes >= 0, op, ": the number of probes must not be negative, got ", o.probes);
  GG_CHECK(!std::isnan(o.lowest), op, ": the guard must be a number");
  const auto checked = [&](const Tensor& at) {
    const Tensor values = loss(at);
    detail::check_per_sample(op, values, x);
    return values;
  };
  const LaplacianResult l = o.probes == 0 ? laplacian(checked, x, {.batched = true})
                                          : hutchinson_laplacian(checked, x, {.probes = o.probes}, generator);
  const Tensor each = reshape(l.value + l.laplacian * (0.5 * o.sigma * o.sigma), {x.size(0)});
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return reduce(o.lowest > -kInfinity ? clamp(each, o.lowest, kInfinity) : each, o.reduction);
}

}  // namespace gg::losses
