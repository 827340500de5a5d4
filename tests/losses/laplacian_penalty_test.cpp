// The loss under noise to second order: against closed forms, against the noise itself, and its guard.
#include "losses/laplacian_penalty.h"

#include <gtest/gtest.h>

#include <cmath>

#include "autograd/autograd.h"
#include "autograd/functional/gradcheck.h"
#include "losses/losses.h"
#include "ops/ops.h"
#include "tests/errors.h"

namespace gg::losses_test {
namespace {

using namespace gg::losses;

constexpr TensorOptions kDouble{.dtype = f64};

TEST(ExpandedNoisyLoss, AddsHalfTheVarianceTimesTheLaplacian) {
  Generator generator(1);
  const Tensor x = randn({4, 3}, kDouble, generator), a = tensor({1, 2, 5}, kDouble);
  // l = Σ a_j x_j² has the Laplacian 2·8 everywhere; x⁴ has 12 x².
  const Function quadratic = [&](const Tensor& t) { return sum(square(t) * a, {1}); };
  const Function quartic = [](const Tensor& t) { return sum(square(square(t)), {1}); };
  for (const int64_t probes : {0, 2}) {  // signs are exact for a diagonal Hessian
    const ExpandedLossOptions o{.sigma = 0.5, .probes = probes, .reduction = Reduction::none};
    EXPECT_LT(max(abs(expanded_noisy_loss(quadratic, x, o, generator) - quadratic(x) - 0.125 * 16)).item(), 1e-12);
    EXPECT_LT(max(abs(expanded_noisy_loss(quartic, x, o, generator) - quartic(x) - sum(square(x) * 1.5, {1}))).item(),
              1e-12);
  }
  EXPECT_NEAR(expanded_noisy_loss(quadratic, x, {.sigma = 0}).item(), mean(quadratic(x)).item(), 1e-12);
  // xᵀHx has 2 tr H. Signs see the rest of H, too: vᵀ(H + Hᵀ)v has the variance 2 Σ_{i≠j} (H + Hᵀ)²_ij.
  const Tensor h = randn({3, 3}, kDouble, generator), both = h + transpose(h);
  const Function form = [&](const Tensor& t) { return sum(matmul(t, h) * t, {1}) + 100.0; };  // far from its guard
  const double wanted = 100 + mean(sum(matmul(x, h) * x, {1})).item() + 0.125 * sum(diagonal(both)).item();
  EXPECT_NEAR(expanded_noisy_loss(form, x, {.sigma = 0.5}).item(), wanted, 1e-12);
  const int64_t probes = 4000;
  const double off_diagonal = sum(square(both)).item() - sum(square(diagonal(both))).item();
  const double se = 0.125 * std::sqrt(2 * off_diagonal / static_cast<double>(probes * x.size(0)));
  const double estimate = expanded_noisy_loss(form, x, {.sigma = 0.5, .probes = probes}, generator).item();
  EXPECT_LT(std::abs(estimate - wanted), 4 * se);
  EXPECT_GT(std::abs(estimate - wanted), 0);
}

TEST(ExpandedNoisyLoss, IsTheMeanUnderNoise) {
  Generator generator(2);
  const Tensor w = randn({5, 4}, kDouble, generator), v = randn({4, 3}, kDouble, generator);
  const Tensor x = randn({2, 5}, kDouble, generator), y = tensor({0, 2}, {.dtype = i64});
  const Function loss = [&](const Tensor& t) {
    const Tensor target = t.size(0) == 2 ? y : repeat_interleave(y, t.size(0) / 2, 0);
    return cross_entropy(matmul(tanh(matmul(t, w)), v), target, {.reduction = Reduction::none});
  };
  const double sigma = 0.05;
  const int64_t draws = 100000;
  const Tensor e = randn({2, draws, 5}, kDouble, generator) * sigma, many = unsqueeze(x, 1);
  const Tensor up = loss(reshape(many + e, {2 * draws, 5})), down = loss(reshape(many - e, {2 * draws, 5}));
  const Tensor noisy = mean(reshape((up + down) * 0.5, {2, draws}), {1});
  const Tensor expanded = expanded_noisy_loss(loss, x, {.sigma = sigma, .reduction = Reduction::none});
  const Tensor added = expanded - loss(x);
  EXPECT_GT(max(abs(added)).item(), 1e-4) << "nothing to compare";
  EXPECT_LT((max(abs(noisy - expanded)) / max(abs(added))).item(), 0.05);
}

TEST(ExpandedNoisyLoss, CanBeTrained) {
  Generator generator(3);
  const Tensor x = randn({3, 4}, kDouble, generator).requires_grad_(), y = tensor({0, 1, 1}, {.dtype = i64});
  const FunctionN f = [&](std::span<const Tensor> p) {
    return expanded_noisy_loss(
        [&](const Tensor& t) {
          return cross_entropy(matmul(tanh(matmul(t, p[0])), p[1]), y, {.reduction = Reduction::none});
        },
        p[2], {.sigma = 0.7, .lowest = -INFINITY});
  };
  const Tensor w = randn({4, 5}, kDouble, generator).requires_grad_(),
               v = randn({5, 2}, kDouble, generator).requires_grad_();
  const GradcheckResult result = gradcheck(f, std::vector<Tensor>{w, v, x});
  EXPECT_TRUE(result.ok) << result.message;
}

TEST(ExpandedNoisyLoss, GuardsWhatIsNotBounded) {
  // l = cos(s·x): Δl = −s² cos(s·x), so the larger s the lower the sum.
  const Tensor x = zeros({1, 1}, kDouble);
  const Tensor s = tensor({3}, kDouble).requires_grad_();
  const Function loss = [&](const Tensor& t) { return sum(cos(t * s), {1}); };
  const Tensor free = expanded_noisy_loss(loss, x, {.sigma = 1, .lowest = -INFINITY});
  EXPECT_NEAR(free.item(), 1 - 4.5, 1e-12);
  EXPECT_NEAR(grad(free, s).item(), -3, 1e-12);
  const Tensor guarded = expanded_noisy_loss(loss, x, {.sigma = 1});
  EXPECT_EQ(guarded.item(), 0);
  EXPECT_EQ(grad(guarded, s).item(), 0);
  EXPECT_NEAR(expanded_noisy_loss(loss, x, {.sigma = 1, .lowest = -3}).item(), -3, 1e-12);
  EXPECT_NEAR(expanded_noisy_loss(loss, x, {.sigma = 0.1}).item(), 1 - 0.045, 1e-12) << "above, it does nothing";
}

TEST(ExpandedNoisyLoss, TellsMistakes) {
  const Tensor x = ones({2, 3}, kDouble);
  const Function per_sample = [](const Tensor& t) { return sum(square(t), {1}); };
  const Function mean_of_all = [](const Tensor& t) { return mean(square(t)); };
  EXPECT_TRUE(throws([&] { expanded_noisy_loss(mean_of_all, x); }, "one number for each of the 2 samples"));
  EXPECT_TRUE(throws([&] { expanded_noisy_loss(per_sample, x, {.sigma = -1}); }, "not negative, got -1"));
  EXPECT_TRUE(throws([&] { expanded_noisy_loss(per_sample, x, {.probes = -1}); }, "probes must not be negative"));
  EXPECT_TRUE(throws([&] { expanded_noisy_loss(per_sample, Tensor()); }, "undefined tensor"));
}

}  // namespace
}  // namespace gg::losses_test
