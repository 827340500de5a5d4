#include "losses/vat.h"

#include <cmath>
#include <optional>

#include "autograd/functional/fisher.h"
#include "autograd/functional/variable.h"
#include "losses/classification.h"
#include "losses/samples.h"
#include "nn/norm.h"
#include "ops/softmax.h"

namespace gg::losses {
namespace {

using detail::unit_samples;

/// One evaluation of the loss: the model under equal noise, and the direction as it becomes better.
class Search {
 public:
  Search(const Function& model, const Tensor& x, const VatOptions& options, Generator& generator)
      : model_(model), x_(x), options_(options) {
    const NoGrad guard;
    Tensor start = randn(x.shape(), x.options(), generator);
    if (options.mask.defined()) start = start * options.mask;
    const Tensor rows = detail::sample_rows(start, options.per_sample);
    d_ = reshape(rows / clamp(norm(rows, {1}, {.keepdim = true}), 1e-30, INFINITY), x.shape());
  }

  /// f(x) with its history, and the direction after all power iterations.
  Tensor clean_logits_and_direction(bool with_history) {
    const bool exact = options_.direction == VatDirection::exact && options_.power_iterations > 0;
    Tensor logits = exact ? exact_iterations(with_history) : clean_logits(with_history);
    if (!exact) {
      const Tensor target = logits.detach();
      for (int i = 0; i < options_.power_iterations; ++i) difference_iteration(target);
    }
    return logits;
  }

  /// The model under the noise that all passes share. Only the pass at x may count for running statistics.
  Tensor logits_at(const Tensor& x, bool clean = false) {
    std::optional<nn::KeepStatistics> keep;
    if (!clean || !options_.update_statistics) keep.emplace();
    noise_.again();
    const Tensor logits = model_(x);
    GG_CHECK(logits.rank() == 2, "vat: the model must give logits [N, classes], got ", logits.shape());
    GG_CHECK(!options_.per_sample || logits.size(0) == x_.size(0), "vat: ", x_.size(0), " samples but logits ",
             logits.shape(), ". Where x is no batch, say per_sample = false");
    return logits;
  }

  const Tensor& direction() const { return d_; }

 private:
  Tensor unit(const Tensor& d) const {
    return unit_samples(options_.mask.defined() ? d * options_.mask : d, options_.per_sample);
  }

  Tensor clean_logits(bool with_history) {
    const GradModeGuard mode(with_history && GradMode::enabled());
    return logits_at(x_, true);
  }

  // d ← ∇ KL(f(x) ‖ f(x + ξd)) / ξ: to first order Hd, and a length does not matter.
  void difference_iteration(const Tensor& target) {
    const GradModeGuard on(true);
    Tensor step = (d_ * options_.xi).requires_grad_();
    d_ = unit(grad(sum(kl_from_logits(target, logits_at(x_.detach() + step))), step));
  }

  // d ← Hd. The first iteration's forward pass is that of the loss; further ones need J·d alone.
  Tensor exact_iterations(bool with_history) {
    const bool own_point = !(x_.requires_grad() && with_history && GradMode::enabled());
    // No leaf, so that a backward pass through the logits does not compute its gradient.
    const Tensor at = own_point ? gg::detail::variable(x_.detach()) : x_;
    Linearized first;
    {
      const GradModeGuard on(true);
      first = jvp([&](const Tensor& t) { return logits_at(t, true); }, at, d_);
    }
    const Tensor& logits = first.value;
    GG_CHECK(logits.requires_grad(), "vat: the logits do not depend on x");
    const Tensor p = softmax(logits.detach());
    for (int i = 0; i < options_.power_iterations; ++i) {
      const NoGrad guard;
      const Tensor moved =
          i == 0 ? first.product.detach() : jvp([&](const Tensor& t) { return logits_at(t); }, x_.detach(), d_).product;
      const Tensor back = categorical_covariance_vp(p, moved);
      d_ = unit(grad(logits, at, {.grad_outputs = {back}, .retain_graph = true}));
    }
    return logits;
  }

  const Function& model_;
  const Tensor& x_;
  const VatOptions& options_;
  Tensor d_;
  detail::SameNoise noise_{};
};

VatResult run(const Function& model, const Tensor& x, const VatOptions& o, Generator& generator, bool keep_logits) {
  detail::check_batch("vat", x);
  GG_CHECK(o.epsilon >= 0 && std::isfinite(o.epsilon), "vat: epsilon must be finite and not negative, got ", o.epsilon);
  GG_CHECK(o.xi > 0 && std::isfinite(o.xi), "vat: xi must be positive and finite, got ", o.xi);
  GG_CHECK(o.power_iterations >= 0, "vat: the number of power iterations must not be negative, got ",
           o.power_iterations);
  GG_CHECK(std::isfinite(o.entropy), "vat: the weight of the entropy must be finite, got ", o.entropy);
  Search search(model, x, o, generator);
  const Tensor logits = search.clean_logits_and_direction(keep_logits || o.clean_gradient || o.entropy != 0);
  const Tensor r = search.direction() * o.epsilon;
  Tensor loss = kl_from_logits(o.clean_gradient ? logits : logits.detach(), search.logits_at(x + r));
  if (o.entropy != 0) loss = loss + entropy_from_logits(logits) * o.entropy;
  return {reduce(loss, o.reduction), logits, r};
}

}  // namespace

VatResult virtual_adversarial(const Function& model, const Tensor& x, const VatOptions& options, Generator& generator) {
  return run(model, x, options, generator, true);
}

Tensor vat(const Function& model, const Tensor& x, const VatOptions& options, Generator& generator) {
  return run(model, x, options, generator, false).loss;
}

}  // namespace gg::losses
