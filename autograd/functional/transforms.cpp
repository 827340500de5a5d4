#include "autograd/functional/transforms.h"

#include "autograd/apply.h"
#include "autograd/autograd.h"
#include "autograd/forward.h"
#include "ops/creation.h"
#include "ops/shape.h"

namespace gg {
namespace {

using autograd::ForwardLevel;

// The tangent of y, or zeros of its shape where y does not depend on the inputs.
Tensor tangent_or_zeros(const ForwardLevel& level, const Tensor& y, int64_t directions) {
  Tensor t = level.tangent(y);
  return t.defined() ? t : symbolic_zeros(y.shape().inserted(0, directions), y.options());
}

void check_direction(const Tensor& x, const Tensor& v, const char* op) {
  GG_CHECK(v.shape() == x.shape() && v.dtype() == x.dtype(), op, ": the direction must be ", name_of(x.dtype()), " ",
           x.shape(), ", got ", name_of(v.dtype()), " ", v.shape());
}

// x as something gradients can be asked for: a node of its own, so that what f captured does not count as part of f,
// whatever it depends on. The history of x stays behind it where x has one.
Tensor differentiable(const Tensor& x) {
  if (x.requires_grad()) return autograd::detail::identity(x);
  return x.detach().requires_grad_();
}

}  // namespace

Linearized jvp(const Function& f, const Tensor& x, const Tensor& v) {
  check_direction(x, v, "jvp");
  Linearized r = jvp_batched(f, x, unsqueeze(v, 0));
  return {r.value, squeeze(r.product, 0)};
}

Linearized jvp_batched(const Function& f, const Tensor& x, const Tensor& v) {
  ForwardLevel level;
  Tensor y = f(level.attach(x, v));
  return {level.primal(y), tangent_or_zeros(level, y, v.size(0))};
}

Linearized jvp(const FunctionN& f, std::span<const Tensor> x, std::span<const Tensor> v) {
  GG_CHECK(x.size() == v.size(), "jvp: ", x.size(), " inputs but ", v.size(), " directions");
  ForwardLevel level;
  std::vector<Tensor> inputs;
  for (size_t i = 0; i < x.size(); ++i) {
    if (!v[i].defined()) {
      inputs.push_back(x[i]);
      continue;
    }
    check_direction(x[i], v[i], "jvp");
    inputs.push_back(level.attach(x[i], unsqueeze(v[i], 0)));
  }
  Tensor y = f(inputs);
  return {level.primal(y), squeeze(tangent_or_zeros(level, y, 1), 0)};
}

Linearized vjp(const Function& f, const Tensor& x, const Tensor& u) {
  bool recording = GradMode::enabled();
  GradModeGuard on(true);
  Tensor leaf = recording ? differentiable(x) : x.detach().requires_grad_();
  Tensor y = f(leaf);
  check_direction(y, u, "vjp");
  if (!y.requires_grad()) return {y, symbolic_zeros(x.shape(), x.options())};
  Tensor g = grad(y, leaf, {.grad_outputs = {u}, .create_graph = recording});
  return {recording ? y : y.detach(), g};
}

HvpResult hvp(const Function& f, const Tensor& x, const Tensor& v) {
  check_direction(x, v, "hvp");
  bool recording = GradMode::enabled() && x.requires_grad();
  GradModeGuard on(true);
  ForwardLevel level;
  Tensor dual = level.attach(differentiable(x), unsqueeze(v, 0));
  Tensor y = f(dual);
  GG_CHECK(y.numel() == 1, "hvp: the function must give a scalar, got shape ", y.shape());
  if (!y.requires_grad()) {
    Tensor none = symbolic_zeros(x.shape(), x.options());
    return {y, none, none};
  }
  Tensor g = grad(y, dual, {.create_graph = recording});
  Tensor product = squeeze(tangent_or_zeros(level, g, 1), 0);
  auto result = [&](const Tensor& t) { return recording ? t : t.detach(); };
  return {result(level.primal(y)), result(level.primal(g)), result(product)};
}

}  // namespace gg
