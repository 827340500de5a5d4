#include "autograd/functional/jacobian.h"

#include <algorithm>

#include "autograd/autograd.h"
#include "autograd/forward.h"
#include "autograd/functional/variable.h"
#include "ops/creation.h"
#include "ops/shape.h"

namespace gg {
namespace {

using autograd::ForwardLevel;

constexpr int64_t kChunk = 256;  // directions

int64_t checked_chunk(int64_t chunk, const char* op) {
  GG_CHECK(chunk >= 0, op, ": chunk must be 1 or more, or 0 for ", kChunk, ", got ", chunk);
  return chunk == 0 ? kChunk : chunk;
}

// Coordinates first … end of a tensor like x as directions [count, ...x.shape].
Tensor coordinates(const Tensor& x, int64_t first, int64_t end) {
  return reshape(slice(eye(x.numel(), x.options()), 0, first, end), x.shape().inserted(0, end - first));
}

// fn(coordinates) for all of x in chunks, joined along the first axis: [x.numel(), ...].
template <class Fn>
std::vector<Tensor> all_rows(const Tensor& x, int64_t chunk, const Fn& fn) {
  std::vector<std::vector<Tensor>> parts;
  for (int64_t first = 0; first == 0 || first < x.numel(); first += chunk) {
    const std::vector<Tensor> rows = fn(coordinates(x, first, std::min(first + chunk, x.numel())));
    parts.resize(rows.size());
    for (size_t i = 0; i < rows.size(); ++i) parts[i].push_back(rows[i]);
  }
  std::vector<Tensor> whole;
  for (const std::vector<Tensor>& p : parts) whole.push_back(p.size() == 1 ? p[0] : concat(p, 0));
  return whole;
}

Shape joined(const Shape& a, const Shape& b, const char* op) {
  GG_CHECK(a.rank() + b.rank() <= kMaxRank, op, ": the result would have axes ", a, " and ", b, ", more than ",
           kMaxRank, "; flatten the function");
  Shape shape = a;
  for (int i = 0; i < b.rank(); ++i) shape.push_back(b[i]);
  return shape;
}

// [k, ...shape] with its first axis last.
Tensor first_axis_last(const Tensor& t) {
  Axes axes;
  for (int i = 1; i < t.rank(); ++i) axes.push_back(i);
  axes.push_back(0);
  return permute(t, axes);
}

JacobianResultN forward_jacobian(const FunctionN& f, std::span<const Tensor> x, int64_t chunk) {
  JacobianResultN r;
  for (size_t i = 0; i < x.size(); ++i) {
    Tensor columns = all_rows(x[i], chunk, [&](const Tensor& v) {
      std::vector<Tensor> directions(x.size());
      directions[i] = v;
      const Linearized part = jvp_batched(f, x, directions);
      r.value = part.value;
      return std::vector<Tensor>{part.product};
    })[0];
    r.jacobians.push_back(reshape(first_axis_last(columns), joined(r.value.shape(), x[i].shape(), "jacobian")));
  }
  return r;
}

// uᵀ·J is linear in u, so its forward derivative along many u at once is the reverse pass for all of them.
JacobianResultN reverse_jacobian(const std::vector<Tensor>& at, const Tensor& y, int64_t chunk, bool recording) {
  auto result = [&](const Tensor& t) { return recording ? t : detail::without_history(t); };
  JacobianResultN r{result(y), {}};
  std::vector<Tensor> rows;
  if (y.requires_grad()) {
    rows = all_rows(y, chunk, [&](const Tensor& u) {
      ForwardLevel level;
      const Tensor none = zeros(y.shape(), y.options());
      std::vector<Tensor> products = grad(y, at,
                                          {.grad_outputs = {level.attach(none, u)},
                                           .create_graph = recording,
                                           .retain_graph = true,
                                           .allow_unused = true});
      for (size_t i = 0; i < at.size(); ++i) {
        Tensor moved = products[i].defined() ? level.tangent(products[i]) : Tensor();
        products[i] =
            moved.defined() ? result(moved) : symbolic_zeros(at[i].shape().inserted(0, u.size(0)), at[i].options());
      }
      return products;
    });
  }
  for (size_t i = 0; i < at.size(); ++i) {
    const Shape shape = joined(y.shape(), at[i].shape(), "jacobian");
    r.jacobians.push_back(rows.empty() ? symbolic_zeros(shape, at[i].options()) : reshape(rows[i], shape));
  }
  return r;
}

}  // namespace

JacobianResultN jacobian(const FunctionN& f, std::span<const Tensor> x, const JacobianOptions& options) {
  const int64_t chunk = checked_chunk(options.chunk, "jacobian");
  GG_CHECK(!x.empty(), "jacobian: no inputs");
  if (options.mode == JacobianMode::forward) return forward_jacobian(f, x, chunk);
  const bool enabled = GradMode::enabled();
  int64_t inputs = 0;
  Tensor y;
  std::vector<Tensor> at;
  {
    GradModeGuard on(true);
    for (const Tensor& t : x) {
      inputs += t.numel();
      at.push_back(detail::variable(enabled ? t : detail::without_history(t)));
    }
    y = f(at);
    if (options.mode == JacobianMode::reverse || inputs > y.numel()) {
      return reverse_jacobian(at, y, chunk, enabled && detail::depends_on_others(y, at));
    }
  }
  return forward_jacobian(f, x, chunk);
}

JacobianResult jacobian(const Function& f, const Tensor& x, const JacobianOptions& options) {
  JacobianResultN r = jacobian([&f](std::span<const Tensor> in) { return f(in[0]); }, std::span(&x, 1), options);
  return {r.value, r.jacobians[0]};
}

HessianResultN hessian(const FunctionN& f, std::span<const Tensor> x, const HessianOptions& options) {
  const int64_t chunk = checked_chunk(options.chunk, "hessian");
  GG_CHECK(!x.empty(), "hessian: no inputs");
  HessianResultN r;
  r.hessians.resize(x.size());
  for (size_t j = 0; j < x.size(); ++j) {
    const std::vector<Tensor> columns = all_rows(x[j], chunk, [&](const Tensor& v) {
      std::vector<Tensor> directions(x.size());
      directions[j] = v;
      HvpResultN part = hvp_batched(f, x, directions);
      r.value = part.value;
      r.gradients = part.gradients;
      return part.products;
    });
    for (size_t i = 0; i < x.size(); ++i) {
      r.hessians[i].push_back(reshape(first_axis_last(columns[i]), joined(x[i].shape(), x[j].shape(), "hessian")));
    }
  }
  return r;
}

HessianResult hessian(const Function& f, const Tensor& x, const HessianOptions& options) {
  HessianResultN r = hessian([&f](std::span<const Tensor> in) { return f(in[0]); }, std::span(&x, 1), options);
  return {r.value, r.gradients[0], r.hessians[0][0]};
}

}  // namespace gg
