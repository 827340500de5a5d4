#include "losses/laplacian_penalty.h"

#include <cmath>

#include "autograd/functional/laplacian.h"
#include "losses/samples.h"

namespace gg::losses {

namespace {

/// Loss and Laplacian of each sample, [N] both, and ½σ².
struct Expanded {
  Tensor value, laplacian;
  double half_variance;
};

Expanded expand(const char* op, const Function& loss, const Tensor& x, double sigma, int64_t probes,
                Generator& generator) {
  detail::check_batch(op, x);
  GG_CHECK(sigma >= 0 && std::isfinite(sigma), op, ": sigma must be finite and not negative, got ", sigma);
  GG_CHECK(probes >= 0, op, ": the number of probes must not be negative, got ", probes);
  const auto checked = [&](const Tensor& at) {
    const Tensor values = loss(at);
    detail::check_per_sample(op, values, x);
    return values;
  };
  const LaplacianResult l = probes == 0 ? laplacian(checked, x, {.batched = true})
                                        : hutchinson_laplacian(checked, x, {.probes = probes}, generator);
  return {reshape(l.value, {x.size(0)}), reshape(l.laplacian, {x.size(0)}), 0.5 * sigma * sigma};
}

}  // namespace

Tensor laplacian_penalty(const Function& loss, const Tensor& x, const LaplacianPenaltyOptions& o,
                         Generator& generator) {
  const char* op = "laplacian_penalty";
  GG_CHECK(!std::isnan(o.lowest), op, ": the guard must be a number");
  const Expanded e = expand(op, loss, x, o.sigma, o.probes, generator);
  const Tensor each =
      std::isfinite(o.lowest) ? clamp(e.laplacian, o.lowest, std::numeric_limits<double>::infinity()) : e.laplacian;
  return reduce(each * e.half_variance, o.reduction);
}

Tensor expanded_noisy_loss(const Function& loss, const Tensor& x, const ExpandedLossOptions& o, Generator& generator) {
  const char* op = "expanded_noisy_loss";
  GG_CHECK(!std::isnan(o.lowest), op, ": the guard must be a number");
  const Expanded e = expand(op, loss, x, o.sigma, o.probes, generator);
  const Tensor sum = e.value + e.laplacian * e.half_variance;
  return reduce(o.guard ? clamp(sum, o.lowest, std::numeric_limits<double>::infinity()) : sum, o.reduction);
}

}  // namespace gg::losses
