#include "losses/adversarial.h"

#include <cmath>

#include "losses/samples.h"
#include "nn/norm.h"

namespace gg::losses {
namespace {

/// Makes the limits of an attack into a function of perturbations.
struct Limits {
  const char* op;
  double epsilon;
  Ball ball;
  double low, high;

  void check(const Tensor& x) const {
    detail::check_batch(op, x);
    GG_CHECK(epsilon >= 0 && std::isfinite(epsilon), op, ": epsilon must be finite and not negative, got ", epsilon);
    GG_CHECK(low < high, op, ": inputs must have limits low < high, got ", low, " and ", high);
  }
  /// The unit step that climbs most along g.
  Tensor ascent(const Tensor& g) const { return ball == Ball::l2 ? detail::unit_samples(g) : sign(g); }
  /// The nearest perturbation within the ball, then the nearest for which x + r is a possible input.
  Tensor within(const Tensor& r, const Tensor& x) const {
    Tensor inside = r;
    if (ball == Ball::linf) {
      inside = clamp(r, -epsilon, epsilon);
    } else {
      const Tensor length = reshape(norm(detail::sample_rows(r), {1}), detail::one_per_sample(r));
      const Tensor limit = full_like(length, epsilon);
      inside = r * where(gt(length, limit), limit / length, ones_like(length));
    }
    return possible(inside, x);
  }
  Tensor possible(const Tensor& r, const Tensor& x) const {
    return std::isinf(low) && std::isinf(high) ? r : clamp(x + r, low, high) - x;
  }
};

Tensor gradient_at(const char* op, const Function& loss, const Tensor& x) {
  const GradModeGuard on(true);
  const Tensor at = x.detach().requires_grad_(), values = loss(at);
  detail::check_per_sample(op, values, x);
  GG_CHECK(values.requires_grad(), op, ": the loss does not depend on its input");
  return grad(sum(values), at);
}

}  // namespace

Tensor fgm(const Function& loss, const Tensor& x, const FgmOptions& o) {
  const Limits limits{"fgm", o.epsilon, o.ball, o.low, o.high};
  limits.check(x);
  const nn::KeepStatistics keep;
  const detail::SameNoise noise;
  const Tensor g = gradient_at("fgm", loss, x);
  noise.again();
  const NoGrad guard;
  return limits.possible(limits.ascent(g) * o.epsilon, x.detach());
}

Tensor pgd(const Function& loss, const Tensor& x, const PgdOptions& o, Generator& generator) {
  const Limits limits{"pgd", o.epsilon, o.ball, o.low, o.high};
  limits.check(x);
  GG_CHECK(o.steps >= 1, "pgd: expected at least one step, got ", o.steps);
  GG_CHECK(o.step_size >= 0 && std::isfinite(o.step_size), "pgd: the step must be finite and not negative, got ",
           o.step_size);
  const double step = o.step_size > 0 ? o.step_size : 2.5 * o.epsilon / o.steps;
  const nn::KeepStatistics keep;
  const Tensor origin = x.detach();
  const NoGrad guard;
  Tensor r = zeros_like(origin);
  if (o.random_start && o.ball == Ball::linf) {
    r = limits.within(affine(rand(x.shape(), x.options(), generator), 2 * o.epsilon, -o.epsilon), origin);
  } else if (o.random_start) {
    // Uniform in a ball of d dimensions: radii have density r^(d−1).
    const Tensor direction = detail::unit_samples(randn(x.shape(), x.options(), generator));
    const double dimensions = static_cast<double>(x.numel()) / static_cast<double>(x.size(0));
    const Tensor radius = pow(rand(detail::one_per_sample(x), x.options(), generator), 1 / dimensions);
    r = limits.within(direction * radius * o.epsilon, origin);
  }
  const detail::SameNoise noise;
  for (int i = 0; i < o.steps; ++i) {
    noise.again();
    r = limits.within(r + limits.ascent(gradient_at("pgd", loss, origin + r)) * step, origin);
  }
  noise.again();
  return r;
}

Tensor adversarial_loss(const Function& loss, const Tensor& x, const AdversarialOptions& o) {
  const Tensor r = fgm(loss, x, {o.epsilon, o.ball, o.low, o.high});
  const nn::KeepStatistics keep;
  return reduce(loss(x + r), o.reduction);
}

}  // namespace gg::losses
