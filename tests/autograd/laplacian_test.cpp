// Laplacians, exact and estimated, and the Fisher form of a classifier's.
#include "autograd/functional/laplacian.h"

#include "autograd/autograd.h"
#include "autograd/functional/functional.h"
#include "ops/ops.h"
#include "tests/autograd/numbers.h"

namespace gg {
namespace {

using testing_support::expect_close;
using testing_support::random;
using testing_support::values;

Tensor weights(const Shape& shape, uint64_t seed) {
  return random(shape, seed) / std::sqrt(static_cast<double>(shape[0]));
}

// 6-5-4-3 with tanh (or another activation), logits.
struct Net {
  std::vector<Tensor> w{weights({6, 5}, 1), weights({5, 4}, 2), weights({4, 3}, 3)};
  Function activation = [](const Tensor& t) { return tanh(t); };
  Tensor operator()(const Tensor& x) const {
    return matmul(activation(matmul(activation(matmul(x, w[0])), w[1])), w[2]);
  }
};

Tensor cross_entropy(const Tensor& logits) {
  std::vector<int64_t> target;
  for (int64_t i = 0; i < logits.size(0); ++i) target.push_back(i % logits.size(1));
  return softmax_cross_entropy(logits, from_vector(target, {logits.size(0)}));
}

// The trace of the Hessian of each element of f(x), one coordinate after the other.
Tensor nested(const Function& f, const Tensor& x) {
  Tensor total;
  for (int64_t i = 0; i < x.numel(); ++i) {
    Tensor e = reshape(select(eye(x.numel(), {f64}), 0, i), x.shape());
    Tensor second = jvp([&](const Tensor& t) { return jvp(f, t, e).product; }, x, e).product;
    total = total.defined() ? total + second : second;
  }
  return total;
}

TEST(Laplacian, OfPolynomials) {
  Tensor x = random({4}, 1);
  // Δ Σ x⁴ = 12 Σ x², Δ (Σ x)² = 2n.
  EXPECT_NEAR(laplacian([](const Tensor& t) { return sum(square(square(t))); }, x).laplacian.item(),
              12 * sum(square(x)).item(), 1e-12);
  EXPECT_NEAR(laplacian([](const Tensor& t) { return square(sum(t)); }, x).laplacian.item(), 8, 1e-12);
  expect_close(laplacian([](const Tensor& t) { return t * t * t; }, x).laplacian, 6.0 * x);
  EXPECT_EQ(values(laplacian([](const Tensor& t) { return 3.0 * t; }, x).laplacian), std::vector<double>(4, 0));
}

TEST(Laplacian, IsTheTraceOfTheHessian) {
  Net net;
  Tensor x = random({2, 6}, 7);
  auto f = [&](const Tensor& t) { return cross_entropy(net(t)); };
  LaplacianResult all = laplacian(f, x), batched = laplacian(f, x, {.batched = true});
  expect_close(all.laplacian, nested(f, x), 1e-11);
  expect_close(batched.laplacian, all.laplacian, 1e-11);
  expect_close(batched.value, f(x));
}

TEST(Laplacian, AnyOrthonormalBasisWillDo) {
  Net net;
  Tensor x = random({2, 6}, 7);
  auto f = [&](const Tensor& t) { return cross_entropy(net(t)); };
  Tensor basis = eigh(random({6, 6}, 9)).vectors;
  expect_close(laplacian(f, x, {.batched = true, .directions = basis}).laplacian,
               laplacian(f, x, {.batched = true}).laplacian, 1e-11);
}

TEST(Laplacian, PenaltyTrainsToThirdOrder) {
  Net net;
  Tensor x = random({2, 6}, 7);
  FunctionN penalty = [&](std::span<const Tensor> in) {
    auto f = [&](const Tensor& t) {
      return cross_entropy(matmul(tanh(matmul(tanh(matmul(t, in[0])), in[1])), net.w[2]));
    };
    return laplacian(f, x, {.batched = true}).laplacian;
  };
  std::vector<Tensor> in{net.w[0].requires_grad_(), net.w[1].requires_grad_()};
  GradcheckResult r = gradcheck(penalty, in, {.step = 1e-3, .rtol = 1e-7});
  EXPECT_TRUE(r.ok) << r.message;
}

TEST(Hutchinson, IsUnbiasedAndExactForDiagonalHessians) {
  Tensor x = random({4}, 1);
  Generator g(3);
  auto diagonal = [](const Tensor& t) { return sum(square(square(t))); };
  EXPECT_NEAR(hutchinson_laplacian(diagonal, x, {}, g).laplacian.item(), 12 * sum(square(x)).item(), 1e-12);
  Net net;
  Tensor batch = random({2, 6}, 7);
  auto f = [&](const Tensor& t) { return cross_entropy(net(t)); };
  Tensor exact = laplacian(f, batch, {.batched = true}).laplacian;
  for (Probes kind : {Probes::rademacher, Probes::gaussian}) {
    Tensor estimate = hutchinson_laplacian(f, batch, {.probes = 4000, .distribution = kind}, g).laplacian;
    expect_close(estimate, exact, 0.05);
  }
}

TEST(Fisher, TraceIsTheLaplacianOfAPiecewiseLinearNet) {
  Net net;
  net.activation = [](const Tensor& t) { return relu(t); };
  Tensor x = random({3, 6}, 7);
  auto f = [&](const Tensor& t) { return cross_entropy(net(t)); };
  Tensor trace = fisher_trace(net, x).trace;
  expect_close(trace, laplacian(f, x, {.batched = true}).laplacian, 1e-11);
  // Of a smooth net it is a part of it, but never negative.
  Net smooth;
  for (double v : values(fisher_trace(smooth, x).trace)) EXPECT_GE(v, 0);
  EXPECT_GT(std::abs(values(fisher_trace(smooth, x).trace)[0] -
                     values(laplacian([&](const Tensor& t) { return cross_entropy(smooth(t)); }, x, {.batched = true})
                                .laplacian)[0]),
            1e-3);
}

TEST(Fisher, SampledLabelsAreUnbiased) {
  Net net;
  Tensor x = random({2, 6}, 7), sum = zeros({2}, {f64});
  Generator g(5);
  constexpr int kDraws = 20000;
  Tensor many = reshape(expand(unsqueeze(x, 0), {kDraws, 2, 6}), {kDraws * 2, 6});
  Tensor drawn = mean(reshape(sampled_fisher_trace(net, many, g).trace, {kDraws, 2}), 0);
  expect_close(drawn, fisher_trace(net, x).trace, 0.02);
}

TEST(Fisher, ProductIsTheHessianOfTheDivergence) {
  Net net;
  Tensor x = random({3, 6}, 7), v = random({3, 6}, 8);
  Tensor p = softmax(net(x));
  auto divergence = [&](const Tensor& t) { return sum(p * (log(p) - log_softmax(net(t)))); };
  FisherProduct r = fisher_vp(net, x, v);
  expect_close(r.product, hvp(divergence, x, v).product, 1e-11);
  expect_close(r.logits, net(x));
  // And its trace is the sum over coordinates.
  Tensor trace = zeros({3}, {f64});
  for (int64_t i = 0; i < 6; ++i) {
    Tensor e = expand(select(eye(6, {f64}), 0, i), {3, 6});
    trace = trace + sum(e * fisher_vp(net, x, e).product, 1);
  }
  expect_close(fisher_trace(net, x).trace, trace, 1e-11);
}

TEST(GaussNewton, IsTheHessianWithTheModelLinearised) {
  Net net;
  Tensor x = random({3, 6}, 7), v = random({3, 6}, 8);
  auto loss = [](const Tensor& y) { return sum(cross_entropy(y)) + sum(square(square(y))); };
  GaussNewtonResult r = gauss_newton_vp(net, loss, x, v);
  Linearized at = jvp(net, x, v);
  auto linearised = [&](const Tensor& t) { return loss(at.value + jvp(net, x, t - x).product); };
  HvpResult whole = hvp([&](const Tensor& t) { return loss(net(t)); }, x, v);
  expect_close(r.product, hvp(linearised, x, v).product, 1e-11);
  expect_close(r.gradient, whole.gradient, 1e-11);
  expect_close(r.value, whole.value);
  expect_close(r.output, net(x));
  EXPECT_FALSE(gauss_newton_vp(net, loss, x, v, {.gradient = false}).gradient.defined());
}

}  // namespace
}  // namespace gg
