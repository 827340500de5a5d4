#include "autograd/functional/transforms.h"

#include "autograd/autograd.h"
#include "autograd/forward.h"
#include "autograd/functional/variable.h"
#include "ops/creation.h"
#include "ops/shape.h"

namespace gg {
namespace {

using autograd::ForwardLevel;

FunctionN of_several(const Function& f) {
  return [&f](std::span<const Tensor> in) { return f(in[0]); };
}

// The tangent of y, or zeros of its shape where y does not depend on the inputs.
Tensor tangent_or_zeros(const ForwardLevel& level, const Tensor& y, int64_t directions) {
  Tensor t = level.tangent(y);
  return t.defined() ? t : symbolic_zeros(y.shape().inserted(0, directions), y.options());
}

void check_direction(const Tensor& x, const Tensor& v, const char* op) {
  GG_CHECK(v.shape() == x.shape() && v.dtype() == x.dtype(), op, ": the direction must be ", name_of(x.dtype()), " ",
           x.shape(), ", got ", name_of(v.dtype()), " ", v.shape());
}

// v with a direction axis in front, each checked against its input.
std::vector<Tensor> one_direction(std::span<const Tensor> x, std::span<const Tensor> v, const char* op) {
  GG_CHECK(x.size() == v.size(), op, ": ", x.size(), " inputs but ", v.size(), " directions");
  std::vector<Tensor> rows;
  for (size_t i = 0; i < x.size(); ++i) {
    if (v[i].defined()) check_direction(x[i], v[i], op);
    rows.push_back(v[i].defined() ? unsqueeze(v[i], 0) : Tensor());
  }
  return rows;
}

// The number of directions, the same for all inputs.
int64_t directions_of(std::span<const Tensor> x, std::span<const Tensor> v, const char* op) {
  GG_CHECK(x.size() == v.size(), op, ": ", x.size(), " inputs but ", v.size(), " directions");
  int64_t directions = -1;
  for (const Tensor& t : v) {
    if (!t.defined()) continue;
    GG_CHECK(t.rank() >= 1 && (directions < 0 || t.size(0) == directions), op,
             ": expected as many directions for each input, [directions, ...], got ", t.shape(), " beside ",
             directions);
    directions = t.size(0);
  }
  GG_CHECK(directions >= 0, op, ": all directions are undefined");
  return directions;
}

std::vector<Tensor> attach(const ForwardLevel& level, std::span<const Tensor> x, std::span<const Tensor> v) {
  std::vector<Tensor> duals;
  for (size_t i = 0; i < x.size(); ++i) duals.push_back(v[i].defined() ? level.attach(x[i], v[i]) : x[i]);
  return duals;
}

// The inputs as variables, but for those that are no floating tensors. Where nothing is to be recorded they have no
// history behind them.
std::vector<Tensor> variables(std::span<const Tensor> x, bool recording) {
  std::vector<Tensor> all;
  for (const Tensor& t : x) {
    all.push_back(!is_floating(t.dtype()) ? t : detail::variable(recording ? t : detail::without_history(t)));
  }
  return all;
}

// Gradients of y with respect to the floating ones among `at`; undefined for the others, and where there are none.
std::vector<Tensor> gradients(const Tensor& y, std::span<const Tensor> at, GradOptions options) {
  std::vector<Tensor> wanted, all(at.size());
  for (const Tensor& t : at) {
    if (is_floating(t.dtype())) wanted.push_back(t);
  }
  options.allow_unused = true;
  if (!y.requires_grad() || wanted.empty()) return all;
  const std::vector<Tensor> found = grad(y, wanted, options);
  for (size_t i = 0, k = 0; i < at.size(); ++i) {
    if (is_floating(at[i].dtype())) all[i] = found[k++];
  }
  return all;
}

bool any_requires_grad(std::span<const Tensor> tensors) {
  for (const Tensor& t : tensors) {
    if (t.requires_grad()) return true;
  }
  return false;
}

}  // namespace

Linearized jvp_batched(const FunctionN& f, std::span<const Tensor> x, std::span<const Tensor> v) {
  const int64_t directions = directions_of(x, v, "jvp");
  ForwardLevel level;
  const std::vector<Tensor> duals = attach(level, x, v);
  Tensor y = f(duals);
  return {level.primal(y), tangent_or_zeros(level, y, directions)};
}

Linearized jvp_batched(const Function& f, const Tensor& x, const Tensor& v) {
  return jvp_batched(of_several(f), std::span(&x, 1), std::span(&v, 1));
}

Linearized jvp(const FunctionN& f, std::span<const Tensor> x, std::span<const Tensor> v) {
  Linearized r = jvp_batched(f, x, one_direction(x, v, "jvp"));
  return {r.value, squeeze(r.product, 0)};
}

Linearized jvp(const Function& f, const Tensor& x, const Tensor& v) {
  return jvp(of_several(f), std::span(&x, 1), std::span(&v, 1));
}

LinearizedN vjp(const FunctionN& f, std::span<const Tensor> x, const Tensor& u) {
  const bool enabled = GradMode::enabled();
  GradModeGuard on(true);
  const std::vector<Tensor> at = variables(x, enabled);
  Tensor y = f(at);
  check_direction(y, u, "vjp");
  const bool recording = enabled && (u.requires_grad() || detail::depends_on_others(y, at));
  auto result = [&](const Tensor& t) { return recording ? t : detail::without_history(t); };
  LinearizedN r{result(y), {}};
  r.products = gradients(y, at, {.grad_outputs = {u}, .create_graph = recording});
  for (size_t i = 0; i < x.size(); ++i) {
    r.products[i] = r.products[i].defined() ? result(r.products[i]) : symbolic_zeros(x[i].shape(), x[i].options());
  }
  return r;
}

Linearized vjp(const Function& f, const Tensor& x, const Tensor& u) {
  LinearizedN r = vjp(of_several(f), std::span(&x, 1), u);
  return {r.value, r.products[0]};
}

HvpResultN hvp_batched(const FunctionN& f, std::span<const Tensor> x, std::span<const Tensor> v) {
  const int64_t directions = directions_of(x, v, "hvp");
  const bool enabled = GradMode::enabled();
  GradModeGuard on(true);
  const std::vector<Tensor> at = variables(x, enabled);
  ForwardLevel level;
  const std::vector<Tensor> duals = attach(level, at, v);
  Tensor y = f(duals);
  GG_CHECK(y.numel() == 1, "hvp: the function must give a scalar, got shape ", y.shape());
  const bool recording = enabled && (any_requires_grad(v) || detail::depends_on_others(y, at));
  auto result = [&](const Tensor& t) { return recording ? t : detail::without_history(t); };
  HvpResultN r{result(level.primal(y)), {}, {}};
  const std::vector<Tensor> found = gradients(y, duals, {.create_graph = recording});
  for (size_t i = 0; i < x.size(); ++i) {
    const Tensor g = found[i].defined() ? found[i] : symbolic_zeros(x[i].shape(), x[i].options());
    r.gradients.push_back(result(level.primal(g)));
    r.products.push_back(result(tangent_or_zeros(level, g, directions)));
  }
  return r;
}

HvpResultN hvp(const FunctionN& f, std::span<const Tensor> x, std::span<const Tensor> v) {
  HvpResultN r = hvp_batched(f, x, one_direction(x, v, "hvp"));
  for (Tensor& t : r.products) t = squeeze(t, 0);
  return r;
}

HvpResult hvp_batched(const Function& f, const Tensor& x, const Tensor& v) {
  HvpResultN r = hvp_batched(of_several(f), std::span(&x, 1), std::span(&v, 1));
  return {r.value, r.gradients[0], r.products[0]};
}

HvpResult hvp(const Function& f, const Tensor& x, const Tensor& v) {
  HvpResultN r = hvp(of_several(f), std::span(&x, 1), std::span(&v, 1));
  return {r.value, r.gradients[0], r.products[0]};
}

}  // namespace gg
