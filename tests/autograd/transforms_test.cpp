// Forward mode, and the modes inside each other.
#include <gtest/gtest.h>

#include <cmath>

#include "autograd/autograd.h"
#include "autograd/functional/functional.h"
#include "ops/ops.h"
#include "tests/autograd/numbers.h"

namespace gg {
namespace {

using testing_support::Doubles;
using testing_support::expect_close;
using testing_support::random;
using testing_support::values;

// A scalar function with broadcasting, products, a fused operation and reuse.
Tensor energy(const Tensor& x) {
  Tensor w = random({3, 3}, 11);
  Tensor h = tanh(matmul(x, w)) * x + softmax(x);
  return sum(square(h)) + sum(logsumexp(h, 0) * exp(select(x, 0, 1)));
}

TEST(Transforms, PerturbationsDoNotMix) {
  // d/dx [x · d/dy (x + y)] = 1
  Tensor x = scalar(3, {f64}), one = scalar(1, {f64});
  auto inner = [&](const Tensor& at) {
    return jvp([&](const Tensor& y) { return at + y; }, scalar(5, {f64}), one).product;
  };
  Linearized r = jvp([&](const Tensor& t) { return t * inner(t); }, x, one);
  EXPECT_EQ(r.product.item(), 1);
  // d/dx [x · d/dy (x · y)] = 2x
  auto product = [&](const Tensor& at) {
    return jvp([&](const Tensor& y) { return at * y; }, scalar(5, {f64}), one).product;
  };
  EXPECT_EQ(jvp([&](const Tensor& t) { return t * product(t); }, x, one).product.item(), 6);
  // The same with reverse mode inside.
  auto reverse = [&](const Tensor& at) {
    Tensor y = scalar(5, {f64}).requires_grad_();
    return grad(at * y, y, {.create_graph = true});
  };
  EXPECT_EQ(jvp([&](const Tensor& t) { return t * reverse(t); }, x, one).product.item(), 6);
}

TEST(Transforms, ThirdDerivativeByNestedForwardMode) {
  Tensor x = scalar(0.7, {f64}), one = scalar(1, {f64});
  auto d = [one](const Function& f) { return Function([=](const Tensor& t) { return jvp(f, t, one).product; }); };
  Function f = [](const Tensor& t) { return sin(t) * t; };
  // (x sin x)''' = −3 sin x − x cos x
  EXPECT_NEAR(d(d(d(f)))(x).item(), -3 * std::sin(0.7) - 0.7 * std::cos(0.7), 1e-13);
}

TEST(Transforms, ForwardOverReverseIsReverseOverReverse) {
  Tensor x = random({2, 3}, 1), v = random({2, 3}, 2);
  HvpResult h = hvp(energy, x, v);
  Tensor leaf = x.detach().requires_grad_();
  Tensor g = grad(energy(leaf), leaf, {.create_graph = true});
  Tensor product = grad(sum(g * v), leaf);
  expect_close(h.product, product);
  expect_close(h.gradient, g);
  expect_close(h.value, energy(x));
  // Reverse over forward: the gradient of the directional derivative.
  Tensor directional = jvp(energy, leaf, v).product;
  expect_close(grad(directional, leaf), product);
  // Forward over forward: vᵀHv.
  Tensor second = jvp([&](const Tensor& t) { return jvp(energy, t, v).product; }, x, v).product;
  EXPECT_NEAR(second.item(), sum(product * v).item(), 1e-11 * std::abs(second.item()));
}

TEST(Transforms, HessiansAreSymmetric) {
  Tensor x = random({2, 3}, 3), u = random({2, 3}, 4), v = random({2, 3}, 5);
  double a = sum(hvp(energy, x, u).product * v).item(), b = sum(hvp(energy, x, v).product * u).item();
  EXPECT_NEAR(a, b, 1e-12 * std::abs(a));
}

TEST(Transforms, SeveralDirectionsAtOnce) {
  Tensor x = random({2, 3}, 6), v = random({4, 2, 3}, 7);
  auto f = [](const Tensor& t) { return softmax(matmul(t, random({3, 5}, 8))) * exp(slice(t, 1, 0, 1)); };
  Linearized all = jvp_batched(f, x, v);
  ASSERT_EQ(all.product.shape(), (Shape{4, 2, 5}));
  for (int k = 0; k < 4; ++k) {
    Linearized one = jvp(f, x, select(v, 0, k));
    expect_close(select(all.product, 0, k), one.product);
    expect_close(all.value, one.value);
  }
}

TEST(Transforms, SeveralInputsSomeWithoutDirection) {
  std::vector<Tensor> x{random({3}, 1), random({2, 3}, 2)};
  FunctionN f = [](std::span<const Tensor> in) { return where(lt(in[0], in[0] + 1.0), in[0], in[1]) + in[0] * in[1]; };
  for (int only : {0, 1}) {
    std::vector<Tensor> v(2);
    v[static_cast<size_t>(only)] = ones(x[static_cast<size_t>(only)].shape(), {f64});
    Tensor product = jvp(f, x, v).product;
    expect_close(product, only == 0 ? ones({2, 3}, {f64}) + x[1] : expand(x[0], {2, 3}));
  }
}

TEST(Transforms, VjpIsTheTransposeOfJvp) {
  Tensor x = random({4}, 1), v = random({4}, 2), u = random({2, 4}, 3);
  auto f = [](const Tensor& t) { return stack({sin(t), t * sum(t)}); };
  double forward = sum(jvp(f, x, v).product * u).item(), reverse = sum(vjp(f, x, u).product * v).item();
  EXPECT_NEAR(forward, reverse, 1e-13 * std::abs(forward));
  EXPECT_FALSE(jvp(f, x, v).product.requires_grad());
}

TEST(Transforms, ConstantsHaveZeroDerivatives) {
  Tensor x = random({3}, 1), v = random({3}, 2);
  auto constant = [](const Tensor&) { return ones({2}, {f64}); };
  EXPECT_EQ(values(jvp(constant, x, v).product), (Doubles{0, 0}));
  EXPECT_EQ(values(vjp(constant, x, ones({2}, {f64})).product), (Doubles{0, 0, 0}));
  EXPECT_EQ(values(hvp([](const Tensor&) { return scalar(1, {f64}); }, x, v).product), (Doubles{0, 0, 0}));
  EXPECT_EQ(values(hvp([](const Tensor& t) { return sum(t); }, x, v).product), (Doubles{0, 0, 0}));
  EXPECT_EQ(values(jvp([](const Tensor& t) { return exp(t.detach()); }, x, v).product), (Doubles{0, 0, 0}));
}

TEST(Transforms, WhatAFunctionCapturesIsConstant) {
  // d/dt of t·h at t = x, where h was made of x outside: h itself.
  Tensor x = scalar(3, {f64}).requires_grad_(), one = scalar(1, {f64});
  Tensor h = x * x;
  auto f = [&](const Tensor& t) { return t * h; };
  EXPECT_EQ(jvp(f, x, one).product.item(), 9);
  EXPECT_EQ(vjp(f, x, one).product.item(), 9);
  EXPECT_EQ(hvp([&](const Tensor& t) { return t * t * h; }, x, one).product.item(), 18);
  {
    NoGrad off;
    EXPECT_EQ(vjp(f, x, one).product.item(), 9);
    EXPECT_EQ(hvp([&](const Tensor& t) { return t * t * h; }, x, one).gradient.item(), 54);
  }
  // But the result depends on x through the point and through h: d/dx of x² + … = d/dx h.
  EXPECT_EQ(grad(vjp(f, x, one).product, x, {.retain_graph = true}).item(), 6);
  EXPECT_EQ(grad(h, x).item(), 6);  // and the graph outside is whole
}

TEST(Transforms, ASymbolicZeroVariesAlongItsTangent) {
  Tensor zero = symbolic_zeros({2}, {f64}), v = tensor({1, 2}, {f64}), w = tensor({3, 4}, {f64});
  EXPECT_EQ(values(jvp([&](const Tensor& t) { return t * w + (t - w); }, zero, v).product), (Doubles{4, 10}));
}

TEST(Transforms, WrongDirectionsAreRefused) {
  Tensor x = random({3}, 1);
  auto f = [](const Tensor& t) { return sum(t); };
  EXPECT_THROW(jvp(f, x, random({2}, 1)), Error);
  EXPECT_THROW(jvp(f, x, ones({3})), Error);
  EXPECT_THROW(jvp(f, zeros({3}, {i64}), zeros({3}, {i64})), Error);
  EXPECT_THROW(vjp(f, x, random({2}, 1)), Error);
  EXPECT_THROW(hvp([](const Tensor& t) { return t; }, x, x), Error);
  std::vector<Tensor> one{x};
  EXPECT_THROW(jvp([](std::span<const Tensor> in) { return in[0]; }, one, std::vector<Tensor>{}), Error);
  EXPECT_EQ(jvp(f, x, x).value.item(), sum(x).item());  // and the thread is as it was
  EXPECT_FALSE(sum(x).requires_grad());
}

TEST(Transforms, ResultsCanBeTrainedThrough) {
  // The weight's gradient of a loss that holds a jvp: d/dw of (w·2x·v)² by hand.
  Tensor w = scalar(3, {f64}).requires_grad_(), x = scalar(2, {f64}), v = scalar(1, {f64});
  Tensor product = jvp([&](const Tensor& t) { return w * t * t; }, x, v).product;
  EXPECT_EQ(product.item(), 12);
  EXPECT_EQ(grad(square(product), w).item(), 2 * 12 * 4);
}

}  // namespace
}  // namespace gg
