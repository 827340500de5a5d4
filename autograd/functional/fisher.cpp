#include "autograd/functional/fisher.h"

#include "autograd/autograd.h"
#include "autograd/functional/variable.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/gumbel.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/softmax.h"

namespace gg {
namespace {

// The point, the logits there, and whether their derivatives have a history worth keeping.
struct Evaluation {
  Tensor at, logits;
  bool recording;

  Evaluation(const Function& model, const Tensor& x, bool enabled, const char* op)
      : at(detail::variable(enabled ? x : detail::without_history(x))), logits(model(at)) {
    GG_CHECK(logits.rank() == 2 && x.rank() >= 1 && logits.size(0) == x.size(0), op,
             ": the model must give logits [N, classes] of samples [N, ...], got ", logits.shape(), " of ", x.shape());
    recording = enabled && detail::depends_on_others(logits, std::span(&at, 1));
  }
  Tensor result(const Tensor& t) const { return recording ? t : detail::without_history(t); }
  // ‖∂⟨logits, u⟩/∂x‖² of each sample.
  Tensor squared_gradient(const Tensor& u) const {
    if (!logits.requires_grad()) return symbolic_zeros({at.size(0)}, at.options());
    Tensor g = grad(logits, at, {.grad_outputs = {u}, .create_graph = recording, .retain_graph = true});
    return sum(square(flatten(g, 1)), 1);
  }
};

}  // namespace

Tensor categorical_covariance_vp(const Tensor& p, const Tensor& v) {
  // A constant added to v changes nothing. Seen from (nearly) its mean, v is 0 at a class of probability nearly 1, and
  // what that class gets is no difference of large numbers: a direction survives 1 − p far below the rounding of p.
  const Tensor from_mean = v - sum(p * v, -1, {.keepdim = true}).detach();
  const Tensor weighed = p * from_mean;
  return weighed - p * sum(weighed, -1, {.keepdim = true});
}

FisherProduct fisher_vp(const Function& model, const Tensor& x, const Tensor& v, const FisherOptions& options) {
  const bool enabled = GradMode::enabled(), recording = enabled && options.create_graph;
  auto result = [](const Tensor& t, bool with_history) { return with_history ? t : detail::without_history(t); };
  GradModeGuard on(true);
  const Tensor at = detail::variable(result(x, enabled));
  const auto [logits, moved] = jvp(model, at, v);
  if (!logits.requires_grad()) return {logits, symbolic_zeros(x.shape(), x.options())};
  Tensor back;
  {
    GradModeGuard record(recording);
    back = categorical_covariance_vp(softmax(logits), moved);
  }
  const Tensor product = grad(logits, at, {.grad_outputs = {back}, .create_graph = recording, .retain_graph = true});
  return {result(logits, enabled), result(product, recording)};
}

FisherTrace fisher_trace(const Function& model, const Tensor& x) {
  const bool enabled = GradMode::enabled();
  GradModeGuard on(true);
  const Evaluation e(model, x, enabled, "fisher_trace");
  // Σ_c p_c ‖∇ log p_c‖²: each ∇ log p_c = Jᵀ·(e_c − p).
  const int64_t classes = e.logits.size(1);
  const Tensor p = softmax(e.logits), unit = eye(classes, x.options());
  Tensor trace = zeros({x.size(0)}, x.options());
  for (int64_t c = 0; c < classes; ++c) trace = trace + select(p, 1, c) * e.squared_gradient(select(unit, 0, c) - p);
  return {e.result(e.logits), e.result(trace)};
}

FisherTrace sampled_fisher_trace(const Function& model, const Tensor& x, Generator& generator) {
  const bool enabled = GradMode::enabled();
  GradModeGuard on(true);
  const Evaluation e(model, x, enabled, "sampled_fisher_trace");
  const Tensor drawn = gumbel_softmax(e.logits.detach(), {.hard = true}, generator);  // one-hot
  const Tensor u = drawn - softmax(e.logits);
  return {e.result(e.logits), e.result(e.squared_gradient(u))};
}

}  // namespace gg
