// Jacobians, Hessians, and the transforms of several inputs and of modules.
#include "autograd/functional/jacobian.h"

#include "autograd/autograd.h"
#include "autograd/functional/functional.h"
#include "nn/functional_call.h"
#include "nn/nn.h"
#include "ops/ops.h"
#include "tests/autograd/numbers.h"
#include "tests/errors.h"

namespace gg {
namespace {

using testing_support::Doubles;
using testing_support::expect_close;
using testing_support::random;
using testing_support::values;

Tensor bent(const Tensor& x) { return softmax(matmul(tanh(x), random({3, 4}, 5))) * sum(square(x)); }
Tensor energy(const Tensor& x) { return sum(bent(x) * random({2, 4}, 6)) + prod(x); }

TEST(Jacobian, BothModesAndChunks) {
  Tensor x = random({2, 3}, 1);
  JacobianResult forward = jacobian(bent, x, {.mode = JacobianMode::forward});
  JacobianResult reverse = jacobian(bent, x, {.mode = JacobianMode::reverse});
  ASSERT_EQ(forward.jacobian.shape(), (Shape{2, 4, 2, 3}));
  expect_close(reverse.jacobian, forward.jacobian);
  expect_close(forward.value, bent(x));
  expect_close(reverse.value, bent(x));
  for (JacobianMode mode : {JacobianMode::forward, JacobianMode::reverse, JacobianMode::automatic}) {
    expect_close(jacobian(bent, x, {.mode = mode, .chunk = 2}).jacobian, forward.jacobian);
  }
  // Entry by entry against products.
  for (int64_t i = 0; i < 6; ++i) {
    Tensor e = reshape(select(eye(6, {f64}), 0, i), {2, 3});
    expect_close(select(reshape(forward.jacobian, {2, 4, 6}), 2, i), jvp(bent, x, e).product);
  }
}

TEST(Jacobian, PicksTheCheaperMode) {
  // Told by what f is called with: tangents in forward mode.
  Tensor x = random({4}, 1);
  int with_tangents = 0;
  auto count = [&](const Tensor& t, const Tensor& y) {
    with_tangents += t.get().tangent ? 1 : 0;
    return y;
  };
  jacobian([&](const Tensor& t) { return count(t, sum(t * t)); }, x);
  EXPECT_EQ(with_tangents, 0);
  jacobian([&](const Tensor& t) { return count(t, concat({t * t, t})); }, x);
  EXPECT_EQ(with_tangents, 1);
}

TEST(Hessian, IsTheJacobianOfTheGradient) {
  Tensor x = random({2, 3}, 1);
  HessianResult h = hessian(energy, x);
  auto gradient = [](const Tensor& t) { return vjp(energy, t, ones({}, {f64})).product; };
  for (JacobianMode mode : {JacobianMode::forward, JacobianMode::reverse}) {
    expect_close(jacobian(gradient, x, {.mode = mode}).jacobian, h.hessian, 1e-11);
  }
  expect_close(h.gradient, gradient(x));
  expect_close(h.value, energy(x));
  expect_close(hessian(energy, x, {.chunk = 4}).hessian, h.hessian);
  Tensor v = random({2, 3}, 2), flat = reshape(h.hessian, {6, 6});
  expect_close(reshape(matmul(flat, reshape(v, {6})), {2, 3}), hvp(energy, x, v).product, 1e-11);
  expect_close(laplacian(energy, x).laplacian, trace(flat), 1e-11);
}

TEST(Hessian, OfSeveralInputs) {
  std::vector<Tensor> x{random({3}, 1), random({2}, 2)};
  FunctionN f = [](std::span<const Tensor> in) { return sum(square(in[0])) * sum(exp(in[1])) + prod(in[1]); };
  HessianResultN r = hessian(f, x);
  double e = sum(exp(x[1])).item();
  expect_close(r.hessians[0][0], 2 * e * eye(3, {f64}));
  expect_close(r.hessians[0][1], 2.0 * unsqueeze(x[0], 1) * unsqueeze(exp(x[1]), 0));
  expect_close(r.hessians[1][0], transpose(r.hessians[0][1]));
  JacobianResultN j = jacobian(f, x);
  expect_close(j.jacobians[0], r.gradients[0]);
  expect_close(j.jacobians[1], r.gradients[1]);
  std::vector<Tensor> v{random({3}, 3), random({2}, 4)};
  HvpResultN products = hvp(f, x, v);
  for (size_t i : {0u, 1u}) {
    expect_close(products.products[i], matmul(r.hessians[i][0], v[0]) + matmul(r.hessians[i][1], v[1]));
  }
  LinearizedN back = vjp(f, x, scalar(2, {f64}));
  for (size_t i : {0u, 1u}) expect_close(back.products[i], 2.0 * r.gradients[i]);
  // Of an input that the function does not read, zeros.
  FunctionN first = [](std::span<const Tensor> in) { return sum(square(in[0])); };
  EXPECT_EQ(values(vjp(first, x, ones({}, {f64})).products[1]), Doubles(2, 0));
  EXPECT_EQ(values(hvp(first, x, v).products[1]), Doubles(2, 0));
  EXPECT_EQ(values(jacobian(first, x).jacobians[1]), Doubles(2, 0));
}

// Every transform as a function of the point, and its derivative in the other direction of nesting.
TEST(Transforms, AreDifferentiableInEitherModeAndNested) {
  Tensor x = random({2, 3}, 1), v = random({2, 3}, 2), d = random({2, 3}, 3);
  auto logits = [](const Tensor& t) { return matmul(tanh(t), random({3, 4}, 5)) * sum(t); };
  auto loss = [](const Tensor& y) { return sum(square(square(y))); };
  const std::pair<const char*, Function> transforms[] = {
      {"jvp", [&](const Tensor& t) { return jvp(bent, t, v).product; }},
      {"vjp",
       [&](const Tensor& t) {
         return vjp(bent, t, random({2, 4}, 4)).product;
       }},
      {"hvp", [&](const Tensor& t) { return hvp(energy, t, v).product; }},
      {"gradient of hvp", [&](const Tensor& t) { return hvp(energy, t, v).gradient; }},
      {"value of hvp", [&](const Tensor& t) { return hvp(energy, t, v).value; }},
      {"forward jacobian",
       [&](const Tensor& t) { return jacobian(bent, t, {.mode = JacobianMode::forward}).jacobian; }},
      {"reverse jacobian",
       [&](const Tensor& t) { return jacobian(bent, t, {.mode = JacobianMode::reverse}).jacobian; }},
      {"hessian", [&](const Tensor& t) { return hessian(energy, t).hessian; }},
      {"laplacian", [&](const Tensor& t) { return laplacian(energy, t).laplacian; }},
      {"batched laplacian", [&](const Tensor& t) { return laplacian(logits, t, {.batched = true}).laplacian; }},
      {"hutchinson",
       [&](const Tensor& t) {
         Generator same(3);
         return hutchinson_laplacian(energy, t, {.probes = 2}, same).laplacian;
       }},
      {"fisher trace", [&](const Tensor& t) { return fisher_trace(logits, t).trace; }},
      {"fisher product", [&](const Tensor& t) { return fisher_vp(logits, t, v, {.create_graph = true}).product; }},
      {"gauss newton", [&](const Tensor& t) { return gauss_newton_vp(logits, loss, t, v).product; }},
      {"gradient of gauss newton", [&](const Tensor& t) { return gauss_newton_vp(logits, loss, t, v).gradient; }},
  };
  for (const auto& [name, g] : transforms) {
    SCOPED_TRACE(name);
    GradcheckResult r = gradcheck(g, x.detach().requires_grad_(), {.step = 1e-4, .rtol = 1e-6});
    EXPECT_TRUE(r.ok) << r.message;
    // Forward mode alone, at a point without history, where recording is off.
    auto difference = [&](double h) { return (g(x + h * d) - g(x - h * d)) / (2 * h); };
    NoGrad off;
    Tensor product = jvp(g, x, d).product;
    expect_close(product, difference(1e-5), 1e-6 * std::max(1.0, max(abs(flatten(product))).item()));
    EXPECT_FALSE(product.requires_grad());
  }
}

TEST(Transforms, LaplacianOfALaplacian) {
  // Δ² of r⁴ in three dimensions is 120; of x⁴ + x²y², 24 + 8.
  auto f = [](const Tensor& t) { return square(sum(t * t)); };
  auto once = [&](const Tensor& t) { return laplacian(f, t).laplacian; };
  EXPECT_NEAR(laplacian(once, random({3}, 1)).laplacian.item(), 120, 1e-10);
  auto g = [](const Tensor& t) { return square(square(select(t, 0, 0))) + square(prod(t)); };
  auto g_once = [&](const Tensor& t) { return laplacian(g, t).laplacian; };
  EXPECT_NEAR(laplacian(g_once, random({2}, 1)).laplacian.item(), 32, 1e-10);
}

TEST(Transforms, OfTheParametersOfAModule) {
  manual_seed(1);
  nn::Sequential net{nn::Linear(2, 3), nn::Tanh(), nn::Linear(3, 1)};
  net.to(f64);
  Tensor x = random({4, 2}, 1);
  FunctionN loss = nn::of_parameters(net, [&] { return sum(square(net(x))); });
  std::vector<Tensor> w = net.parameters(), v;
  for (const Tensor& t : w) v.push_back(random(t.shape(), 7));
  HvpResultN r = hvp(loss, w, v);
  std::vector<Tensor> g = grad(sum(square(net(x))), w, {.create_graph = true});
  Tensor along = scalar(0, {f64});
  for (size_t i = 0; i < w.size(); ++i) {
    expect_close(r.gradients[i], g[i]);
    along = along + sum(g[i] * v[i]);
  }
  std::vector<Tensor> second = grad(along, w);
  for (size_t i = 0; i < w.size(); ++i) expect_close(r.products[i], second[i], 1e-11);
  EXPECT_NEAR(jvp(loss, w, v).product.item(), along.item(), 1e-11);
  // The Laplacian in all of them is the trace of all blocks.
  HessianResultN h = hessian(loss, w);
  double trace_of_all = 0;
  for (size_t i = 0; i < w.size(); ++i)
    trace_of_all += trace(reshape(h.hessians[i][i], {w[i].numel(), w[i].numel()})).item();
  EXPECT_NEAR(laplacian(loss, w).laplacian.item(), trace_of_all, 1e-10);
  // The module is as it was, also after an error.
  EXPECT_TRUE(net.parameters()[0].is_same(w[0]));
  FunctionN failing = nn::of_parameters(net, []() -> Tensor { fail("no"); });
  EXPECT_THROW(failing(v), Error);
  EXPECT_TRUE(net.parameters()[0].is_same(w[0]));
  v.pop_back();
  EXPECT_THROW(loss(v), Error);
}

TEST(Transforms, TiedParametersComeOnce) {
  nn::Linear a(2, 2, {.bias = false}), b(2, 2, {.bias = false});
  b.weight = a.weight;
  nn::Sequential both{a, b};
  ASSERT_EQ(both.parameters().size(), 1u);
  std::vector<Tensor> w{tensor({{1, 2}, {3, 4}})};
  FunctionN f = nn::of_parameters(both, [&] { return both(tensor({{1, 1}})); });
  EXPECT_EQ(f(w).to_vector<float>(), (std::vector<float>{17, 37}));  // W·W·(1, 1)
  EXPECT_TRUE(both.parameters()[0].is_same(a.weight));
}

TEST(Transforms, ResultsHaveHistoryOnlyWhereSomethingElseRequiresGrad) {
  Tensor x = random({2, 3}, 1), w = random({3, 2}, 2);
  auto f = [&](const Tensor& t) { return sum(tanh(matmul(t, w))); };
  EXPECT_FALSE(hvp(f, x, x).product.requires_grad());
  EXPECT_FALSE(laplacian(f, x, {.batched = true}).laplacian.requires_grad());
  EXPECT_FALSE(hessian(f, x).hessian.requires_grad());
  w.requires_grad_();
  EXPECT_TRUE(hvp(f, x, x).product.requires_grad());
  EXPECT_TRUE(laplacian(f, x, {.batched = true}).laplacian.requires_grad());
  EXPECT_TRUE(hessian(f, x).hessian.requires_grad());
  NoGrad off;
  EXPECT_FALSE(hvp(f, x, x).product.requires_grad());
  EXPECT_FALSE(laplacian(f, x, {.batched = true}).laplacian.requires_grad());
}

TEST(Transforms, ErrorsSayWhatWasExpected) {
  Tensor x = random({2, 3}, 1);
  auto identity = [](const Tensor& t) { return t; };
  EXPECT_TRUE(throws([&] { laplacian(identity, zeros({2}, {i64})); }, "laplacian: expected a floating tensor"));
  EXPECT_TRUE(throws([&] { laplacian(identity, x, {.directions = random({2, 2}, 1)}); }, "[directions, ...[2,3]]"));
  EXPECT_TRUE(throws([&] { laplacian(identity, x, {.chunk = -1}); }, "chunk must be 1 or more"));
  EXPECT_TRUE(throws([&] { hutchinson_laplacian(identity, x, {.probes = 0}); }, "probes must be 1 or more, got 0"));
  EXPECT_TRUE(throws([&] { hessian(identity, x); }, "hvp: the function must give a scalar"));
  EXPECT_TRUE(throws([&] { jacobian(identity, random({1, 1, 1, 1, 1}, 1)); }, "more than 8"));
  EXPECT_TRUE(throws([&] { fisher_trace([](const Tensor& t) { return sum(t); }, x); }, "logits [N, classes]"));
}

}  // namespace
}  // namespace gg
