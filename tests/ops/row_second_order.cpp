// Second derivatives by all transforms, which must agree: a Hessian, products with it, and its trace.
#include "autograd/autograd.h"
#include "autograd/functional/functional.h"
#include "ops/ops.h"
#include "tests/ops/row_checks.h"

namespace gg::optable {
namespace {

// Inputs beyond so many numbers are checked along random directions only.
constexpr int64_t kWhole = 40;

}  // namespace

Findings check_second_order(const Row& row) {
  if (row.order < 1) return {};
  std::vector<Tensor> in = make_tensors(row, make_hosts(row), f64, false);
  Findings out;
  for (size_t i = 0; i < in.size(); ++i) {
    if (!row.inputs[i].is_differentiable()) continue;
    const std::string at = str(" by input ", i);
    // A scalar whose second derivatives do not vanish where the operation is linear.
    auto f = [&](const Tensor& t) {
      std::vector<Tensor> with = in;
      with[i] = t;
      Tensor y = row.run(with);
      return square(sum(y * cotangent(y.shape(), f64))) + sum(sin(y * cotangent(y.shape(), f64, 1)));
    };
    const Tensor& x = in[i];
    if (x.numel() == 0) continue;
    const int64_t n = x.numel(), k = std::min<int64_t>(n, kWhole);
    // Orthonormal directions: all coordinates, or some of them.
    Tensor v = reshape(n <= kWhole ? eye(n, {f64}) : slice(eye(n, {f64}), 0, 0, k), x.shape().inserted(0, k));
    Tensor products = hvp_batched(f, x, v).product;
    double scale = 1 + max(abs(flatten(products, 0))).item();
    auto compare = [&](const Tensor& a, const Tensor& b, const std::string& what) {
      out += difference(a.detach() / scale, b.detach() / scale, 1e-11, what + at);
    };
    // Reverse over reverse, one direction after the other.
    Tensor leaf = x.detach().requires_grad_();
    Tensor g = grad(f(leaf), leaf, {.create_graph = true});
    Tensor diagonal = zeros({}, {f64});
    for (int64_t d = 0; d < k; ++d) {
      Tensor one = select(v, 0, d), h = select(products, 0, d);
      if (d < 3) {
        Tensor twice =
            g.requires_grad() ? grad(sum(g * one), leaf, {.retain_graph = true, .allow_unused = true}) : Tensor();
        compare(h, twice.defined() ? twice : zeros_like(x), str("hvp against reverse over reverse, direction ", d));
        Tensor directional = jvp([&](const Tensor& t) { return jvp(f, t, one).product; }, x, one).product;
        compare(directional, sum(h * one), str("forward over forward against hvp, direction ", d));
      }
      diagonal = diagonal + sum(h * one);
    }
    compare(laplacian(f, x, {.directions = v}).laplacian, diagonal, "laplacian against the trace of the Hessian");
  }
  return out;
}

}  // namespace gg::optable
