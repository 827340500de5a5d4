// Noise as a regulariser: its moments, what it does to a linear model on average, and that weights come back exactly.
#include "losses/noise.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

#include "autograd/autograd.h"
#include "autograd/functional/gradcheck.h"
#include "losses/augment.h"
#include "losses/losses.h"
#include "nn/nn.h"
#include "ops/ops.h"
#include "optim/optim.h"
#include "tests/errors.h"

namespace gg::losses_test {
namespace {

using namespace gg::losses;

constexpr TensorOptions kDouble{.dtype = f64};

double deviation(const Tensor& t) { return std::sqrt(var(t).item()); }

TEST(Noise, HasTheMeanAndDeviationThatWereAsked) {
  Generator generator(1);
  const Tensor x = full({40000}, 2, kDouble);
  for (const NoiseKind kind : {NoiseKind::gaussian, NoiseKind::uniform}) {
    const Tensor noisy = additive_noise(x, {.std = 0.3, .kind = kind}, generator);
    EXPECT_NEAR(mean(noisy).item(), 2, 0.006);  // four standard errors
    EXPECT_NEAR(deviation(noisy), 0.3, 0.005);
  }
  for (const NoiseKind kind : {NoiseKind::gaussian, NoiseKind::uniform, NoiseKind::bernoulli}) {
    const Tensor noisy = multiplicative_noise(x, {.std = 0.5, .kind = kind}, generator);
    EXPECT_NEAR(mean(noisy).item(), 2, 0.02);
    EXPECT_NEAR(deviation(noisy), 1, 0.015);
  }
  const Tensor uniform = additive_noise(x, {.std = 1, .kind = NoiseKind::uniform}, generator) - x;
  EXPECT_LE(max(abs(uniform)).item(), std::sqrt(3.0));
  EXPECT_GT(max(abs(uniform)).item(), std::sqrt(3.0) * 0.999);
  EXPECT_TRUE(additive_noise(x, {.std = 0, .kind = NoiseKind::uniform}, generator).is_same(x));
}

TEST(Noise, RefusesWhatMakesNoSense) {
  const Tensor x = ones({2, 3});
  expect_error([&] { additive_noise(x, {.std = -1}); }, "not negative, got -1");
  expect_error([&] { additive_noise(x, {.kind = NoiseKind::bernoulli}); }, "multiplicative_noise");
  expect_error([&] { multiplicative_noise(x, {.std = INFINITY}); }, "finite");
  expect_error([&] { noisy_labels(x, 3, 0.1); }, "int64");
  expect_error([&] { noisy_labels(zeros({3}, {i64}), 3, 1.5); }, "[0, 1], got 1.5");
  expect_error([&] { noisy_loss([](const Tensor& t) { return mean(t); }, x); }, "Reduction::none");
  expect_error([&] { noisy_loss([](const Tensor& t) { return sum(t, 1); }, x, {.samples = 0}); }, "at least one");
  expect_error([&] { shift_and_zoom(x); }, "[N, C, H, W]");
  expect_error([&] { shift_and_zoom(ones({1, 1, 2, 2}), {.zoom = 1}); }, "zoom");
}

// Flipping labels with probability a is label smoothing with a on average.
TEST(Noise, NoisyLabelsAreLabelSmoothingOnAverage) {
  Generator generator(2);
  const Tensor logits = randn({1, 4}, kDouble, generator), target = tensor({2}, {i64});
  constexpr int64_t kDraws = 40000;
  const Tensor many = noisy_labels(expand(target, {kDraws}), 4, 0.3, generator);
  const Tensor each = cross_entropy(expand(logits, {kDraws, 4}), many, {.reduction = Reduction::none});
  const double se = deviation(each) / std::sqrt(static_cast<double>(kDraws));
  EXPECT_NEAR(mean(each).item(), cross_entropy(logits, target, {.label_smoothing = 0.3}).item(), 4 * se);
  // Plain targets would be noticed.
  EXPECT_GT(std::abs(mean(each).item() - cross_entropy(logits, target).item()), 10 * se);
  EXPECT_EQ(noisy_labels(target, 4, 0, generator).item(), 2);
}

// E‖(x+ε)w − y‖² = ‖xw − y‖² + σ²‖w‖², so the best w under noise is that of ridge regression with n·σ².
TEST(Noise, OnTheInputOfALinearModelIsRidgeRegression) {
  Generator generator(3);
  constexpr int64_t kSamples = 40, kInputs = 3, kDraws = 20000;
  constexpr double kStd = 0.7;
  const Tensor x = randn({kSamples, kInputs}, kDouble, generator), y = randn({kSamples, 1}, kDouble, generator);
  const Tensor gram = matmul(transpose(x, 0, 1), x), moment = matmul(transpose(x, 0, 1), y);
  const auto ridge = [&](double weight) { return solve(gram + eye(kInputs, kDouble) * weight, moment); };
  // The noisy problem's own normal equations, from all draws at once.
  const Tensor noisy =
      reshape(additive_noise(expand(unsqueeze(x, 0), {kDraws, kSamples, kInputs}), {.std = kStd}, generator),
              {kDraws * kSamples, kInputs});
  const Tensor targets = reshape(expand(unsqueeze(y, 0), {kDraws, kSamples, 1}), {kDraws * kSamples, 1});
  const Tensor w = solve(matmul(transpose(noisy, 0, 1), noisy), matmul(transpose(noisy, 0, 1), targets));
  const auto distance = [&](const Tensor& other) { return norm(w - other).item() / norm(other).item(); };
  EXPECT_LT(distance(ridge(kSamples * kStd * kStd)), 0.01);
  EXPECT_GT(distance(ridge(kStd * kStd)), 0.1);  // without the number of samples
  EXPECT_GT(distance(ridge(0)), 0.1);
  // The gradient of the averaged loss is that of the penalised one, where it is 0.
  Tensor at = ridge(kSamples * kStd * kStd).requires_grad_();
  const auto loss = [&](const Tensor& input) { return sum(square(matmul(input, at) - y), 1); };
  const Tensor g = grad(noisy_loss(loss, x, {.noise = {.std = kStd}, .samples = 4000}, generator), at);
  EXPECT_LT(norm(g).item(), 0.03 * norm(grad(mean(loss(x)), at)).item());
}

TEST(Noise, MoreDrawsMakeTheLossLessNoisy) {
  Generator generator(4);
  const Tensor x = ones({2, 5}, kDouble);
  const auto loss = [](const Tensor& t) { return sum(square(t), 1); };
  const auto spread = [&](int64_t samples) {
    std::vector<Tensor> all;
    for (int i = 0; i < 400; ++i)
      all.push_back(noisy_loss(loss, x, {.noise = {.std = 0.5}, .samples = samples}, generator));
    return deviation(stack(all));
  };
  EXPECT_NEAR(spread(1) / spread(16), 4, 0.6);
}

TEST(Perturbed, BringsTheWeightsBackToTheBit) {
  manual_seed(5);
  const nn::Sequential model{nn::Linear(3, 4), nn::Tanh(), nn::Linear(4, 1)};
  const Tensor x = randn({6, 3});
  std::vector<std::vector<float>> before;
  for (const Tensor& p : model.parameters()) before.push_back(p.to_vector<float>());
  const double clean = mean(model(x)).item();
  for (const bool relative : {false, true}) {
    {
      const Perturbed noise = weight_noise(model, {.std = 0.1, .relative = relative});
      EXPECT_NE(mean(model(x)).item(), clean);
      mean(square(model(x))).backward();
    }
    size_t i = 0;
    for (const Tensor& p : model.parameters()) {
      EXPECT_EQ(p.to_vector<float>(), before[i++]);
      EXPECT_TRUE(p.grad().defined());
      EXPECT_TRUE(p.requires_grad());
    }
    EXPECT_EQ(mean(model(x)).item(), clean);
  }
  // Adding and subtracting would not do: this is what the copy is for.
  const Tensor w = model.parameters()[0].detach(), d = randn({4, 3}) * 0.1;
  EXPECT_NE(((w + d) - d).to_vector<float>(), w.to_vector<float>());
  // What was frozen stays where it is, also while the noise is on.
  model.parameters()[0].requires_grad_(false);
  {
    const Perturbed noise = weight_noise(model, {.std = 0.1});
    EXPECT_EQ(model.parameters()[0].to_vector<float>(), before[0]);
    EXPECT_NE(model.parameters()[2].to_vector<float>(), before[2]);
  }
}

TEST(Perturbed, GivesTheGradientAtThePerturbedWeights) {
  Tensor w = tensor({1.0, 2.0}, kDouble).requires_grad_();
  {
    const Perturbed moved({w}, {tensor({0.5, -1.0}, kDouble)});
    sum(square(w)).backward();
  }
  EXPECT_EQ(w.grad().to_vector<double>(), (std::vector<double>{3, 2}));
}

TEST(Perturbed, RefusesAGraphThatOutlivesIt) {
  Tensor w = tensor({1, 2}).requires_grad_();
  Tensor loss;
  try {
    const Perturbed moved({w}, {tensor({1, 1})});
    loss = sum(square(w));
    throw std::runtime_error("something else");
  } catch (const std::runtime_error&) {
  }
  EXPECT_EQ(w.to_vector<float>(), (std::vector<float>{1, 2}));
  expect_error([&] { loss.backward(); }, "changed in place");
  expect_error([&] { Perturbed({w}, {}); }, "1 parameters but 0 deltas");
  expect_error([&] { Perturbed({w}, {ones({3})}); }, "must be like its parameter");
  expect_error([&] { Perturbed({w * 2}, {ones({2})}); }, "history");
}

TEST(ShiftAndZoom, MovesEachImageByItself) {
  Generator generator(6);
  const Tensor image = zeros({1, 1, 9, 9}, kDouble);
  EXPECT_EQ(shift_and_zoom(ones({2, 1, 4, 4}), {.shift = 0, .zoom = 0}, generator).to_vector<float>(),
            ones({2, 1, 4, 4}).to_vector<float>());
  // The centre of mass of a spot moves by up to the shift, evenly to all sides, and its mass by the square of the zoom.
  std::vector<double> spot(81);
  for (const int i : {30, 31, 32, 39, 40, 41, 48, 49, 50}) spot[static_cast<size_t>(i)] = 1;
  const Tensor x = expand(from_vector(spot, {1, 1, 9, 9}), {4000, 1, 9, 9});
  const Tensor position = reshape(linspace(-4, 4, 9, kDouble), {1, 1, 1, 9});
  const Tensor moved = shift_and_zoom(x, {.shift = 2.0 / 9, .zoom = 0}, generator);
  const Tensor offset = sum(moved * position, {1, 2, 3}) / sum(moved, {1, 2, 3});
  EXPECT_LE(max(abs(offset)).item(), 2.0001);
  EXPECT_GT(max(abs(offset)).item(), 1.9);
  EXPECT_NEAR(mean(offset).item(), 0, 0.08);
  EXPECT_NEAR(deviation(offset), 2 / std::sqrt(3.0), 0.05);
  const Tensor mass = sum(shift_and_zoom(x, {.shift = 0, .zoom = 0.3}, generator), {1, 2, 3}) / 9;
  EXPECT_GT(max(mass).item(), 1.5);
  EXPECT_LT(min(mass).item(), 0.6);
  EXPECT_TRUE(gradcheck(
                  [](const Tensor& t) {
                    Generator same(7);
                    return shift_and_zoom(t, {}, same);
                  },
                  randn({2, 1, 4, 4}, kDouble, generator).requires_grad_())
                  .ok);
}

}  // namespace
}  // namespace gg::losses_test
