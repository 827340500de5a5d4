#include "losses/gradient_penalty.h"

#include <cmath>

#include "autograd/functional/fisher.h"
#include "losses/samples.h"
#include "ops/softmax.h"

namespace gg::losses {
namespace {

/// Σ over samples and outputs of seeds·outputs, differentiated by x and recorded.
Tensor gradient_of(const Tensor& outputs, const Tensor& seeds, const Tensor& x) {
  return grad(outputs, x, {.grad_outputs = {seeds}, .create_graph = true});
}

Tensor squared_lengths(const Tensor& g) { return sum_per_sample(square(g)); }

/// What stands below runs `penalty` on a differentiable x while recording, wherever it was called: it needs gradients
/// for its value already. Without recording outside, the value has no history.
template <class Penalty>
Tensor recorded(const char* op, const Tensor& x, Reduction reduction, const Penalty& penalty) {
  detail::check_batch(op, x);
  const bool recording = GradMode::enabled();
  const GradModeGuard on(true);
  const Tensor value = reduce(penalty(recording ? detail::differentiable(x) : x.detach().requires_grad_()), reduction);
  return recording ? value : value.detach();
}

/// One number per sample of a function of x; constants are allowed, and have no gradient.
Tensor scores(const char* op, const Function& f, const Tensor& x) {
  const Tensor values = f(x);
  detail::check_per_sample(op, values, x);
  return values;
}

}  // namespace

Tensor squared_gradient_norm(const Tensor& values, const Tensor& x) {
  detail::check_batch("squared_gradient_norm", x);
  detail::check_per_sample("squared_gradient_norm", values, x);
  return squared_lengths(gradient_of(values, ones_like(values), x));
}

Tensor gradient_norm(const Tensor& values, const Tensor& x) {
  detail::check_batch("gradient_norm", x);
  detail::check_per_sample("gradient_norm", values, x);
  const Tensor g = gradient_of(values, ones_like(values), x);
  return norm(detail::sample_rows(g), {1});
}

Tensor input_gradient_penalty(const Function& loss, const Tensor& x, const PenaltyOptions& o) {
  return recorded("input_gradient_penalty", x, o.reduction, [&](const Tensor& at) {
    return squared_gradient_norm(scores("input_gradient_penalty", loss, at), at);
  });
}

Tensor output_gradient_penalty(const Function& model, const Tensor& x, const OutputPenaltyOptions& o,
                               Generator& generator) {
  const char* op = "output_gradient_penalty";
  GG_CHECK(o.sigma >= 0 && std::isfinite(o.sigma), op, ": sigma must be finite and not negative, got ", o.sigma);
  GG_CHECK(o.probes >= 0, op, ": the number of probes must not be negative, got ", o.probes);
  return recorded(op, x, o.reduction, [&](const Tensor& at) {
    const bool kl = o.form == Form::kl;
    const double variance = o.sigma * o.sigma;
    if (kl && o.probes == 0) return fisher_trace(model, at).trace * (0.5 * variance);
    const Tensor out = model(at);
    GG_CHECK(out.rank() == 2 && out.size(0) == at.size(0), op,
             ": the model must give [N, outputs] with N = ", at.size(0), ", got ", out.shape());
    Tensor total;
    const auto collect = [&](const Tensor& term) { total = total.defined() ? total + term : term; };
    if (o.probes > 0) {
      const Tensor seen = kl ? exp(log_softmax(out) * 0.5) : out;
      for (int64_t i = 0; i < o.probes; ++i) {
        const Tensor signs = affine(bernoulli(seen.shape(), 0.5, seen.options(), generator), 2, -1);
        collect(squared_lengths(gradient_of(seen, signs, at)));
      }
      return total * ((kl ? 2 : 1) * variance / static_cast<double>(o.probes));
    }
    for (int64_t i = 0; i < out.size(1); ++i) {
      const Tensor only =
          expand(one_hot(full({1}, i, {i64, out.device()}), out.size(1), {.dtype = out.dtype()}), out.shape());
      collect(squared_lengths(gradient_of(out, only, at)));
    }
    return total * variance;
  });
}

Tensor wgan_gp_penalty(const Function& critic, const Tensor& real, const Tensor& made, const WganGpOptions& o,
                       Generator& generator) {
  const char* op = "wgan_gp_penalty";
  detail::check_batch(op, real);
  GG_CHECK(made.shape() == real.shape() && made.dtype() == real.dtype(), op,
           ": real and made samples must be alike, got ", real.dtype(), " ", real.shape(), " and ", made.dtype(), " ",
           made.shape());
  const Tensor place = rand(detail::one_per_sample(real), real.options(), generator);
  const Tensor between = made.detach() + place * (real.detach() - made.detach());
  return recorded(op, between, o.reduction,
                  [&](const Tensor& at) { return square(gradient_norm(scores(op, critic, at), at) - o.target); });
}

Tensor r1_penalty(const Function& critic, const Tensor& x, const PenaltyOptions& o) {
  return recorded("r1_penalty", x.detach(), o.reduction,
                  [&](const Tensor& at) { return squared_gradient_norm(scores("r1_penalty", critic, at), at); });
}

}  // namespace gg::losses
