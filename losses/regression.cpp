#include "losses/regression.h"

#include <cmath>
#include <numbers>

#include "losses/loss_functors.h"
#include "ops/elementwise.h"
#include "ops/elementwise_apply.h"

namespace gg::losses {
namespace {

void check(const Tensor& a, const Tensor& b, const char* op) {
  GG_CHECK(a.shape() == b.shape() && a.dtype() == b.dtype(), op,
           ": prediction and target must have the same shape and type, got ", a.dtype(), " ", a.shape(), " and ",
           b.dtype(), " ", b.shape());
}

}  // namespace

Tensor mse(const Tensor& prediction, const Tensor& target, const LossOptions& options) {
  check(prediction, target, "mse");
  return reduce(square(prediction - target), options.reduction);
}

Tensor l1(const Tensor& prediction, const Tensor& target, const LossOptions& options) {
  check(prediction, target, "l1");
  return reduce(abs(prediction - target), options.reduction);
}

Tensor gaussian_nll(const Tensor& prediction, const Tensor& target, double sigma, const LossOptions& options) {
  check(prediction, target, "gaussian_nll");
  GG_CHECK(sigma > 0 && std::isfinite(sigma), "gaussian_nll: sigma must be positive and finite, got ", sigma);
  double constant = std::log(sigma) + 0.5 * std::log(2 * std::numbers::pi);
  return reduce(affine(square(prediction - target), 0.5 / (sigma * sigma), constant), options.reduction);
}

Tensor bce_with_logits(const Tensor& logits, const Tensor& target, const BceOptions& options) {
  check(logits, target, "bce_with_logits");
  GG_CHECK(options.pos_weight > 0, "bce_with_logits: pos_weight must be positive, got ", options.pos_weight);
  if (options.pos_weight == 1) return reduce(elementwise(BceWithLogits{}, logits, target), options.reduction);
  // −log σ(x) = softplus(x) − x and −log(1 − σ(x)) = softplus(x), each stable for any finite x.
  Tensor soft = softplus(logits);
  Tensor weighted = target * options.pos_weight;
  return reduce((1 - target + weighted) * soft - weighted * logits, options.reduction);
}

}  // namespace gg::losses
