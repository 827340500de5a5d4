#include "losses/noise.h"

#include <cmath>

#include "core/grad_mode.h"
#include "losses/samples.h"
#include "ops/copy.h"
#include "ops/dropout.h"

namespace gg::losses {
namespace {

const double kUniformWidth = std::sqrt(3.0);  // half the width of a uniform distribution of deviation 1

void check_std(const char* op, double std) {
  GG_CHECK(std >= 0 && std::isfinite(std), op, ": the deviation must be finite and not negative, got ", std);
}

}  // namespace

Tensor additive_noise(const Tensor& x, const NoiseOptions& o, Generator& generator) {
  check_std("additive_noise", o.std);
  switch (o.kind) {
    case NoiseKind::gaussian:
      return gaussian_noise(x, o.std, true, generator);
    case NoiseKind::uniform:
      GG_CHECK(is_floating(x.dtype()), "additive_noise: expected a floating tensor, got ", x.dtype());
      if (o.std == 0) return x;
      return x + affine(rand(x.shape(), x.options(), generator), 2 * kUniformWidth * o.std, -kUniformWidth * o.std);
    case NoiseKind::bernoulli:
      break;
  }
  fail("additive_noise: expected gaussian or uniform noise; bernoulli noise is multiplied (multiplicative_noise)");
}

Tensor multiplicative_noise(const Tensor& x, const NoiseOptions& o, Generator& generator) {
  check_std("multiplicative_noise", o.std);
  switch (o.kind) {
    case NoiseKind::gaussian:
      return gaussian_dropout(x, o.std, true, generator);
    case NoiseKind::uniform:
      return uniform_dropout(x, kUniformWidth * o.std, true, generator);
    case NoiseKind::bernoulli:
      return dropout(x, o.std * o.std / (1 + o.std * o.std), true, generator);
  }
  fail("multiplicative_noise: unknown kind ", static_cast<int>(o.kind));
}

Tensor noisy_labels(const Tensor& target, int64_t classes, double share, Generator& generator) {
  GG_CHECK(target.dtype() == i64, "noisy_labels: expected int64 classes, got ", target.dtype());
  GG_CHECK(classes >= 1, "noisy_labels: expected at least one class, got ", classes);
  GG_CHECK(share >= 0 && share <= 1, "noisy_labels: the share must be in [0, 1], got ", share);
  const Tensor replaced =
      lt(rand(target.shape(), {f32, target.device()}, generator), full({}, share, {f32, target.device()}));
  return where(replaced, randint(0, classes, target.shape(), {i64, target.device()}, generator), target);
}

Tensor noisy_loss(const Function& loss, const Tensor& x, const NoisyLossOptions& o, Generator& generator) {
  detail::check_batch("noisy_loss", x);
  GG_CHECK(o.samples >= 1, "noisy_loss: expected at least one draw of the noise, got ", o.samples);
  Tensor total;
  for (int64_t i = 0; i < o.samples; ++i) {
    const Tensor once = loss(additive_noise(x, o.noise, generator));
    detail::check_per_sample("noisy_loss", once, x);
    total = total.defined() ? total + once : once;
  }
  return reduce(o.samples == 1 ? total : total / o.samples, o.reduction);
}

Perturbed::Perturbed(std::vector<Tensor> parameters, const std::vector<Tensor>& deltas)
    : parameters_(std::move(parameters)) {
  GG_CHECK(parameters_.size() == deltas.size(), "Perturbed: ", parameters_.size(), " parameters but ", deltas.size(),
           " deltas");
  for (size_t i = 0; i < deltas.size(); ++i) {
    const Tensor &p = parameters_[i], &d = deltas[i];
    GG_CHECK(p.is_leaf(), "Perturbed: expected parameters, got a tensor with a history: ", p.shape());
    GG_CHECK(!d.defined() || (d.shape() == p.shape() && d.dtype() == p.dtype() && d.device() == p.device()),
             "Perturbed: delta ", i, " must be like its parameter, ", p.dtype(), " ", p.shape(), " on ", p.device(),
             ", got ", d.defined() ? str(d.dtype(), " ", d.shape(), " on ", d.device()) : "");
  }
  const NoGrad guard;
  std::vector<Tensor> moved;
  for (size_t i = 0; i < deltas.size(); ++i) {
    before_.push_back(deltas[i].defined() ? clone(parameters_[i]) : Tensor());
    moved.push_back(deltas[i].defined() ? parameters_[i] + deltas[i] : Tensor());
  }
  for (size_t i = 0; i < deltas.size(); ++i) {
    if (moved[i].defined()) copy_(parameters_[i], moved[i]);
  }
}

Perturbed::~Perturbed() {
  const NoGrad guard;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    if (before_[i].defined()) copy_(parameters_[i], before_[i]);
  }
}

Perturbed weight_noise(const nn::Module& module, const WeightNoiseOptions& o, Generator& generator) {
  std::vector<Tensor> parameters = module.parameters(), deltas;
  const NoGrad guard;
  for (const Tensor& p : parameters) {
    if (!p.requires_grad()) {
      deltas.emplace_back();
    } else if (o.relative) {
      deltas.push_back(multiplicative_noise(p, {o.std, o.kind}, generator) - p);
    } else {
      deltas.push_back(additive_noise(zeros_like(p), {o.std, o.kind}, generator));
    }
  }
  return Perturbed(std::move(parameters), deltas);
}

}  // namespace gg::losses
