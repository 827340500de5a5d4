// Laplacians, exact and estimated, and the Fisher form of a classifier's.
#include "autograd/functional/laplacian.h"

#include "autograd/autograd.h"
#include "autograd/functional/functional.h"
#include "autograd/node.h"
#include "ops/ops.h"
#include "tests/autograd/counting.h"
#include "tests/autograd/numbers.h"

namespace gg {
namespace {

using testing_support::expect_close;
using testing_support::KernelCount;
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
  // Through the Cholesky factor of the first weight, also the gradient of the gradient.
  x = random({2, 12}, 7);
  in[0] = weights({12, 5}, 4).requires_grad_();
  r = gradgradcheck(penalty, in, {.step = 1e-3, .atol = 1e-6, .rtol = 1e-6, .full_up_to = 12});
  EXPECT_TRUE(r.ok) << r.message;
}

// How many directions the second product of a net sees.
TEST(Laplacian, ASharedEntrySavesDirections) {
  Tensor w[] = {weights({40, 5}, 1), weights({5, 4}, 2)}, x = random({3, 40}, 7);
  int64_t rows = 0;
  auto f = [&](const Tensor& t) {
    Tensor h = tanh(matmul(t, w[0]));
    if (h.get().tangent) rows = std::max(rows, h.get().tangent->value.size(0));
    return cross_entropy(matmul(h, w[1]));
  };
  laplacian(f, x, {.batched = true});
  EXPECT_EQ(rows, 5);
  laplacian(f, x, {.batched = true, .shared_entry = false});
  EXPECT_EQ(rows, 40);
}

// Behind a shared entry directions are the same for all samples, and activations only scale them.
TEST(Laplacian, SharedDirectionsPassAllOperations) {
  Tensor w[] = {weights({12, 5}, 1), weights({5, 4}, 2), weights({4, 3}, 3), weights({5, 7}, 4)};
  const Tensor x = random({2, 12}, 7), gain = random({5}, 8), bias = random({5}, 9), other = random({3, 1, 5}, 10);
  auto rest = [&](const Tensor& z) { return cross_entropy(matmul(sigmoid(matmul(z, w[1])), w[2])); };
  const Function bodies[] = {
      [&](const Tensor& z) { return rest(tanh(z + bias)); },
      [&](const Tensor& z) { return rest(bias - tanh(z - bias)); },
      [&](const Tensor& z) { return rest(2.0 * leaky_relu(1.0 - z) + 1.0); },
      [&](const Tensor& z) { return rest(sin(exp(0.5 * z))); },  // a scale of a scale
      [&](const Tensor& z) { return rest(neg(z)); },             // no scale
      [&](const Tensor& z) { return rest(sign(z)) + sum(z, 1); },
      [&](const Tensor& z) { return rest(gain * tanh(z)); },
      [&](const Tensor& z) { return rest(tanh(z) * sigmoid(z)); },
      [&](const Tensor& z) { return rest(tanh(z) + z); },
      [&](const Tensor& z) { return sum(square(z), 1) + sum(sin(tanh(z)), 1); },
      [&](const Tensor& z) { return sum(matmul(tanh(z), w[3]), 1) + sum(square(matmul(tanh(z), w[3])), 1); },
      [&](const Tensor& z) { return rest(layer_norm(tanh(z))); },
      [&](const Tensor& z) {
        return rest(reshape(tanh(reshape(z, {1, 2, 5})), {2, 5}));
      },
      [&](const Tensor& z) {
        return sum(square(tanh(z) + other), {0, 2});
      },
      [&](const Tensor& z) { return sum(square(matmul(exp(z), transpose(exp(z)))), 1); },
  };
  int i = 0;
  for (const Function& body : bodies) {
    SCOPED_TRACE(i++);
    auto f = [&](const Tensor& t) { return body(matmul(t, w[0])); };
    const Tensor found = laplacian(f, x, {.batched = true}).laplacian;
    expect_close(found, laplacian(f, x, {.batched = true, .shared_entry = false}).laplacian, 1e-11);
    expect_close(laplacian(f, x, {.batched = true, .chunk = 2}).laplacian, found, 1e-11);
    // Along another level, and back through all of it.
    FunctionN of = [&](std::span<const Tensor> in) {
      return laplacian([&](const Tensor& t) { return body(matmul(t, in[0])); }, x, {.batched = true}).laplacian;
    };
    std::vector<Tensor> in{w[0].requires_grad_()};
    const GradcheckResult r = gradcheck(of, in, {.step = 1e-3, .rtol = 2e-7, .full_up_to = 12});
    EXPECT_TRUE(r.ok) << r.message;
    w[0] = w[0].detach();
  }
}

// What is never there: a number for each direction, sample and hidden unit.
TEST(Laplacian, OfFewOutputsTakesNoMemoryPerDirectionAndUnit) {
  constexpr int64_t kSamples = 20, kUnits = 16;
  Tensor w[] = {weights({40, kUnits}, 1).requires_grad_(), weights({kUnits, 3}, 2).requires_grad_()};
  const Tensor x = random({kSamples, 40}, 7);
  auto f = [&](const Tensor& t) { return cross_entropy(matmul(tanh(matmul(t, w[0]) + 0.1), w[1])); };
  KernelCount count;
  grad(mean(laplacian(f, x, {.batched = true}).laplacian), w);
  EXPECT_EQ(count.largest_array(), kUnits * kSamples * 3);
}

TEST(Laplacian, ASharedEntryIsFound) {
  // 12-5-4-3: five directions instead of twelve, through the Cholesky factor, or twelve rows of the matrix.
  Tensor w[] = {weights({12, 5}, 1), weights({5, 4}, 2), weights({4, 3}, 3), weights({12, 4}, 4), weights({9, 3}, 5)};
  Tensor x = random({2, 12}, 7), image = reshape(x, {2, 3, 4});
  auto rest = [&](const Tensor& z) { return cross_entropy(matmul(sigmoid(matmul(tanh(z), w[1])), w[2])); };
  const Function entries[] = {
      [&](const Tensor& t) { return rest(matmul(t, w[0]) + 0.5); },
      [&](const Tensor& t) { return rest(linear(t, transpose(w[0]), ones({5}, {f64}))); },
      // Read twice, changed before, or not a product of samples: no such entry, the same numbers.
      [&](const Tensor& t) { return rest(matmul(t, w[0])) + sum(square(t), 1); },
      [&](const Tensor& t) { return rest(matmul(t, w[0]) + matmul(sin(t), w[0])); },
      [&](const Tensor& t) { return rest(matmul(2.0 * t, w[0])); },
      [&](const Tensor& t) { return rest(transpose(matmul(transpose(w[0]), transpose(t)))); },
      // Fewer inputs than twice the outputs.
      [&](const Tensor& t) {
        return cross_entropy(matmul(tanh(matmul(t, concat({w[0], w[3]}, 1))), w[4]));
      },
  };
  for (const Function& f : entries) {
    Tensor found = laplacian(f, x, {.batched = true}).laplacian;
    expect_close(found, laplacian(f, x, {.batched = true, .shared_entry = false}).laplacian, 1e-11);
    expect_close(found, nested(f, x), 1e-10);
    for (int64_t chunk : {1, 3})
      expect_close(laplacian(f, x, {.batched = true, .chunk = chunk}).laplacian, found, 1e-11);
  }
  Function flat = [&](const Tensor& t) { return rest(matmul(reshape(t, {2, 12}), w[0])); };
  expect_close(laplacian(flat, image, {.batched = true}).laplacian, nested(flat, image), 1e-10);
  // Of linearly dependent columns there is no Cholesky factor.
  Tensor column = slice(w[0], 1, 0, 1);
  w[0] = concat({column, column, slice(w[0], 1, 2)}, 1);
  expect_close(laplacian(entries[0], x, {.batched = true}).laplacian, nested(entries[0], x), 1e-10);
}

TEST(Laplacian, PenaltyStepCountsItsProducts) {
  // 784-256-10 with a batch of 128: a plain step, and one with the exact Laplacian as a penalty.
  Generator g(1);
  Tensor x = rand({128, 784}, {}, g);
  std::vector<Tensor> w{randn({784, 256}, {}, g) / 28, randn({256, 10}, {}, g) / 16};
  for (Tensor& t : w) t.requires_grad_();
  auto loss = [&](const Tensor& t) { return cross_entropy(matmul(tanh(matmul(t, w[0])), w[1])); };
  int64_t plain, penalised;
  {
    KernelCount count;
    grad(mean(loss(x)), w);
    plain = count.multiply_adds();
    EXPECT_EQ(plain, 128 * (2 * 784 * 256 + 3 * 256 * 10));
  }
  {
    KernelCount count;
    LaplacianResult r = laplacian(loss, x, {.batched = true});
    grad(mean(r.value) + 0.01 * mean(r.laplacian), w);
    penalised = count.multiply_adds();
  }
  EXPECT_LE(penalised, 10 * plain) << static_cast<double>(penalised) / static_cast<double>(plain);
  RecordProperty("ratio_percent", static_cast<int>(100 * penalised / plain));
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
