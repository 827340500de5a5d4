// Losses against closed forms in double precision, at extremes, and their gradients.
#include "losses/losses.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "autograd/autograd.h"
#include "autograd/functional/gradcheck.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "tests/errors.h"

namespace gg::losses_test {
namespace {

using namespace gg::losses;

constexpr TensorOptions kDouble{.dtype = f64};

TEST(Reduction, MeanOverBatchIsNotTheMean) {
  Tensor loss = tensor({{1, 2, 3}, {4, 5, 9}});
  EXPECT_EQ(reduce(loss, Reduction::mean).item(), 4);
  EXPECT_EQ(reduce(loss, Reduction::sum).item(), 24);
  EXPECT_TRUE(reduce(loss, Reduction::none).is_same(loss));
  EXPECT_EQ(mean_over_batch(loss).item(), 12);
  EXPECT_EQ(sum_per_sample(loss).to_vector<float>(), (std::vector<float>{6, 18}));
  EXPECT_EQ(sum_per_sample(tensor({1, 2})).to_vector<float>(), (std::vector<float>{1, 2}));
  EXPECT_EQ(sum_per_sample(ones({2, 3, 4, 5})).to_vector<float>(), (std::vector<float>{60, 60}));
  expect_error([] { sum_per_sample(scalar(1)); }, "expected a batch");
  expect_error([] { mean_over_batch(empty({0, 3})); }, "N > 0");
}

TEST(Losses, MseAndL1) {
  Tensor a = tensor({{1, -2}, {0, 5}}), b = tensor({{2, 2}, {0, 4}});
  EXPECT_FLOAT_EQ(static_cast<float>(mse(a, b).item()), 18.0f / 4);
  EXPECT_FLOAT_EQ(static_cast<float>(mse(a, b, {.reduction = Reduction::sum}).item()), 18);
  EXPECT_EQ(mse(a, b, {.reduction = Reduction::none}).to_vector<float>(), (std::vector<float>{1, 16, 0, 1}));
  EXPECT_FLOAT_EQ(static_cast<float>(l1(a, b).item()), 1.5f);
  EXPECT_EQ(l1(a, b, {.reduction = Reduction::none}).to_vector<float>(), (std::vector<float>{1, 4, 0, 1}));
}

TEST(Losses, RefuseToBroadcastAndToMixTypes) {
  expect_error([] { mse(ones({3, 1}), ones({3})); }, "[3,1] and float32 [3]");
  expect_error([] { l1(ones({3}), ones({3}, kDouble)); }, "float32 [3] and float64 [3]");
  expect_error([] { bce_with_logits(ones({3, 1}), ones({3})); }, "bce_with_logits");
  expect_error([] { gaussian_nll(ones({3, 1}), ones({3}), 1); }, "gaussian_nll");
  expect_error([] { gaussian_nll(ones({3}), ones({3}), 0); }, "sigma");
  expect_error([] { kl_normal_standard(ones({3, 2}), ones({3})); }, "[3,2] and [3]");
  expect_error([] { bce_with_logits(ones({3}), ones({3}), {.pos_weight = 0}); }, "pos_weight");
}

TEST(Losses, GaussianNllIsMinusTheLogDensity) {
  for (double sigma : {0.1, 1.0, 3.0}) {
    for (double error : {0.0, 0.7, -2.0}) {
      double density = std::exp(-error * error / (2 * sigma * sigma)) / (sigma * std::sqrt(2 * std::numbers::pi));
      EXPECT_NEAR(gaussian_nll(scalar(1 + error, kDouble), scalar(1, kDouble), sigma).item(), -std::log(density),
                  1e-10 * (1 + error * error / (sigma * sigma)));
    }
  }
}

TEST(Losses, BceMatchesItsDefinition) {
  for (double x : {-20.0, -3.0, -0.1, 0.0, 0.5, 4.0, 20.0}) {
    for (double t : {0.0, 0.3, 1.0}) {
      for (double weight : {1.0, 2.5}) {
        long double s = 1 / (1 + std::exp(-static_cast<long double>(x)));
        auto expected = static_cast<double>(-(weight * t * std::log(s) + (1 - t) * std::log1p(-s)));
        double got = bce_with_logits(scalar(x, kDouble), scalar(t, kDouble), {.pos_weight = weight}).item();
        EXPECT_NEAR(got, expected, 1e-12 * (1 + std::abs(expected))) << x << " " << t << " " << weight;
      }
    }
  }
}

TEST(Losses, BceIsStable) {
  // In float32: neither overflow nor NaN, small losses are not lost, and gradients are σ(x) − t.
  Tensor x = tensor({-1e4, 1e4, -30, 1e4, -1e4}).requires_grad_(), t = tensor({0, 1, 0, 0, 1});
  Tensor loss = bce_with_logits(x, t, {.reduction = Reduction::none});
  std::vector<float> v = loss.to_vector<float>();
  EXPECT_EQ(v[0], 0);
  EXPECT_EQ(v[1], 0);
  EXPECT_NEAR(v[2], std::exp(-30.0), 1e-18);
  EXPECT_EQ(v[3], 1e4f);
  EXPECT_EQ(v[4], 1e4f);
  sum(loss).backward();
  std::vector<float> g = x.grad().to_vector<float>();
  EXPECT_EQ(g[0], 0);
  EXPECT_EQ(g[1], 0);
  EXPECT_NEAR(g[2], std::exp(-30.0), 1e-18);
  EXPECT_EQ(g[3], 1);
  EXPECT_EQ(g[4], -1);
}

TEST(Kl, MatchesTheClosedForm) {
  Tensor mu = tensor({{0, 1}, {-2, 0.5}}, kDouble), logvar = tensor({{0, -1}, {0.3, 2}}, kDouble);
  auto kl = [](double m, double l) { return -0.5 * (1 + l - m * m - std::exp(l)); };
  std::vector<double> per_sample = kl_normal_standard(mu, logvar).to_vector<double>();
  EXPECT_NEAR(per_sample[0], kl(0, 0) + kl(1, -1), 1e-14);
  EXPECT_NEAR(per_sample[1], kl(-2, 0.3) + kl(0.5, 2), 1e-14);
  std::vector<double> per_dimension = kl_normal_standard_per_dimension(mu, logvar).to_vector<double>();
  EXPECT_NEAR(per_dimension[0], (kl(0, 0) + kl(-2, 0.3)) / 2, 1e-14);
  EXPECT_NEAR(per_dimension[1], (kl(1, -1) + kl(0.5, 2)) / 2, 1e-14);
  EXPECT_NEAR(mean_over_batch(kl_normal_standard_elements(mu, logvar)).item(),
              mean(kl_normal_standard(mu, logvar)).item(), 1e-14);
  Tensor zero = zeros_like(mu);
  std::vector<double> against_standard = kl_normal(mu, logvar, zero, zero).to_vector<double>();
  EXPECT_NEAR(against_standard[1], per_sample[1], 1e-14);
  EXPECT_NEAR(kl_normal(mu, logvar, mu, logvar).to_vector<double>()[0], 0, 1e-15);
  // KL(N(1, 4) ‖ N(−1, 9)) = log(3/2) + (4 + 4)/18 − 1/2
  Tensor one = tensor({1}, kDouble);
  EXPECT_NEAR(kl_normal(one, one * std::log(4.0), -one, one * std::log(9.0)).item(), std::log(1.5) + 8.0 / 18 - 0.5,
              1e-14);
}

TEST(Kl, IsAccurateNearZero) {
  // exp(l) − 1 − l in float32 would be 0 or noise here; l²/2 is right.
  Tensor l = full({1, 1}, 3e-3), m = zeros({1, 1});
  EXPECT_NEAR(kl_normal_standard(m, l).item() / (0.25 * 9e-6), 1, 0.05);
}

TEST(Kl, AgreesWithMonteCarlo) {
  // The mean of log q(z) − log p(z) over samples of q is within 4 standard errors of the formula.
  manual_seed(3);
  constexpr int64_t kSamples = 200000;
  double m = 0.8, l = -0.6;
  Tensor mu = full({kSamples, 1}, m, kDouble), logvar = full({kSamples, 1}, l, kDouble);
  Tensor noise = randn({kSamples, 1}, kDouble);
  Tensor z = reparameterize(mu, logvar, noise);
  Tensor ratio = (square(z) - square(noise) - l) * 0.5;
  double estimate = mean(ratio).item(), error = std::sqrt(var(ratio).item() / kSamples);
  EXPECT_NEAR(estimate, kl_normal_standard(mu, logvar).to_vector<double>()[0], 4 * error);
  EXPECT_LT(error, 0.01);
}

TEST(Losses, HaveGradientsOfTwoOrders) {
  manual_seed(5);
  Tensor a = randn({3, 4}, kDouble), b = randn({3, 4}, kDouble), t = rand({3, 4}, kDouble);
  auto check = [](const FunctionN& fn, std::vector<Tensor> inputs) {
    for (Tensor& x : inputs) x = x.detach().requires_grad_();
    GradcheckResult result = gradgradcheck(fn, inputs);
    EXPECT_TRUE(result.ok) << result.message;
  };
  check([&](std::span<const Tensor> in) { return mse(in[0], in[1]); }, {a, b});
  check([&](std::span<const Tensor> in) { return gaussian_nll(in[0], in[1], 0.3, {.reduction = Reduction::none}); },
        {a, b});
  check([&](std::span<const Tensor> in) { return bce_with_logits(in[0], in[1], {.pos_weight = 2}); }, {a, t});
  check([&](std::span<const Tensor> in) { return bce_with_logits(in[0], in[1]); }, {a, t});
  check([&](std::span<const Tensor> in) { return kl_normal_standard(in[0], in[1]); }, {a, b});
  check([&](std::span<const Tensor> in) { return kl_normal(in[0], in[1], in[2], in[3]); }, {a, b, t, b * 0.5});
  check([&](std::span<const Tensor> in) { return reparameterize(in[0], in[1], in[2]); }, {a, b, t});
  for (Reduction r : {Reduction::mean, Reduction::none}) {
    Tensor label = zeros({a.size(0)}, {.dtype = i64});
    check(
        [&](std::span<const Tensor> in) {
          return cross_entropy(in[0], label, {.label_smoothing = 0.1, .reduction = r});
        },
        {a});
  }
}

// Losses with kernels of their own, on the emulated device as on the CPU: values and two orders of derivatives.
TEST(Losses, FunctorsAreTheSameOnDevices) {
  if (!is_available(Device::emulated)) GTEST_SKIP() << "this build has no emulated device";
  manual_seed(6);
  const Tensor a = randn({3, 5}, kDouble), b = randn({3, 5}, kDouble);
  const auto compare = [&](auto loss) {
    const auto results = [&](Device device) {
      Tensor x = to(a, device).requires_grad_(), y = to(b, device).requires_grad_();
      Tensor value = loss(x, y);
      Tensor dx = grad(sum(value), x, {.create_graph = true}), dxx = grad(sum(square(dx)), x);
      std::vector<double> all;
      for (const Tensor& t : {value, dx, grad(sum(value), y), dxx}) {
        for (double v : to(t.detach(), Device::cpu).to_vector<double>()) all.push_back(v);
      }
      return all;
    };
    const std::vector<double> here = results(Device::cpu), there = results(Device::emulated);
    ASSERT_EQ(here.size(), there.size());
    for (size_t i = 0; i < here.size(); ++i) EXPECT_NEAR(there[i], here[i], 1e-13) << i;
  };
  compare([](const Tensor& x, const Tensor& t) { return bce_with_logits(x, t, {.reduction = Reduction::none}); });
  compare([](const Tensor& mu, const Tensor& logvar) { return kl_normal_standard_elements(mu, logvar); });
}

// The mean counts the targets that are not ignored, and nobody else: not the gradients, either.
TEST(CrossEntropy, Reductions) {
  Tensor logits = tensor({{1, 2, 0.5}, {0, 0, 0}, {-1, 1, 3}}, kDouble).requires_grad_();
  Tensor target = tensor({1, 2, 0}, {.dtype = i64});
  auto log_sum = [](double a, double b, double c) { return std::log(std::exp(a) + std::exp(b) + std::exp(c)); };
  double first = log_sum(1, 2, 0.5) - 2, second = log_sum(0, 0, 0), third = log_sum(-1, 1, 3) + 1;
  auto loss = [&](CrossEntropyOptions o) { return cross_entropy(logits, target, o); };
  EXPECT_NEAR(loss({}).item(), (first + second + third) / 3, 1e-14);
  EXPECT_NEAR(loss({.ignore_index = 2}).item(), (first + third) / 2, 1e-14);
  EXPECT_NEAR(loss({.ignore_index = 0, .reduction = Reduction::sum}).item(), first + second, 1e-14);
  EXPECT_EQ(loss({.ignore_index = 1, .reduction = Reduction::none}).to_vector<double>()[0], 0);
  std::vector<double> g = grad(loss({.ignore_index = 2}), logits).to_vector<double>();
  EXPECT_NEAR(g[0], std::exp(1 - log_sum(1, 2, 0.5)) / 2, 1e-14);
  EXPECT_EQ(g[3], 0);
  EXPECT_NEAR(g[6], (std::exp(-1 - log_sum(-1, 1, 3)) - 1) / 2, 1e-14);
}

TEST(CrossEntropy, IsThereWithLabelSmoothing) {
  Tensor logits = tensor({{1, 2, 0.5}}, kDouble), target = tensor({1}, {.dtype = i64});
  double total = std::exp(1.0) + std::exp(2.0) + std::exp(0.5);
  double expected = -(0.9 * 2 + 0.1 * 3.5 / 3) + std::log(total);
  EXPECT_NEAR(losses::cross_entropy(logits, target, {.label_smoothing = 0.1}).item(), expected, 1e-12);
}

}  // namespace
}  // namespace gg::losses_test
