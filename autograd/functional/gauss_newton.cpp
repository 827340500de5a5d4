#include "autograd/functional/gauss_newton.h"

#include "autograd/autograd.h"
#include "autograd/functional/variable.h"
#include "ops/creation.h"

namespace gg {

GaussNewtonResult gauss_newton_vp(const Function& model, const Function& loss, const Tensor& x, const Tensor& v,
                                  const GaussNewtonOptions& options) {
  const bool enabled = GradMode::enabled();
  GradModeGuard on(true);
  const Tensor at = detail::variable(enabled ? x : detail::without_history(x));
  const auto [output, moved] = jvp(model, at, v);
  const HvpResult inner = hvp(loss, output, moved);
  const bool recording = enabled && (v.requires_grad() || detail::depends_on_others(output, std::span(&at, 1)) ||
                                     detail::depends_on_others(inner.product, std::span(&at, 1)));
  auto result = [&](const Tensor& t) { return recording ? t : detail::without_history(t); };
  auto back = [&](const Tensor& u) {
    if (!output.requires_grad()) return symbolic_zeros(x.shape(), x.options());
    return result(grad(output, at, {.grad_outputs = {u}, .create_graph = recording, .retain_graph = true}));
  };
  GaussNewtonResult r{result(output), result(inner.value), {}, back(inner.product)};
  if (options.gradient) r.gradient = back(inner.gradient);
  return r;
}

}  // namespace gg
