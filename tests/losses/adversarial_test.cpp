// FGM and PGD: what they promise to first order, their limits, and that they leave no trace.
#include "losses/adversarial.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>

#include "autograd/autograd.h"
#include "losses/losses.h"
#include "nn/nn.h"
#include "ops/ops.h"
#include "tests/errors.h"

namespace gg::losses_test {
namespace {

using namespace gg::losses;

constexpr TensorOptions kDouble{.dtype = f64};

struct Case {
  Generator generator{1};
  Tensor a = randn({6, 8}, kDouble, generator), b = randn({8, 3}, kDouble, generator);
  Tensor x = randn({5, 2, 3}, kDouble, generator), y = randint(0, 3, {5}, {}, generator);
  Tensor loss(const Tensor& at) const {
    return cross_entropy(matmul(tanh(matmul(flatten(at, 1), a)), b), y, {.reduction = Reduction::none});
  }
  Function function() const {
    return [this](const Tensor& at) { return loss(at); };
  }
  Tensor gradient() const {
    Tensor leaf = clone(x).requires_grad_();
    return grad(sum(loss(leaf)), leaf);
  }
};

Tensor lengths(const Tensor& r) { return norm(flatten(r, 1), {1}); }

TEST(Adversarial, FgmRaisesTheLossByEpsilonTimesTheGradient) {
  const Case c;
  const Tensor g = c.gradient(), clean = c.loss(c.x);
  for (const double epsilon : {1e-3, 5e-3}) {
    const Tensor l2 = fgm(c.function(), c.x, {.epsilon = epsilon});
    EXPECT_LT(max(abs(lengths(l2) - epsilon)).item(), 1e-15);
    const Tensor by_l2 = (c.loss(c.x + l2) - clean) / (epsilon * lengths(g));
    EXPECT_LT(max(abs(by_l2 - 1)).item(), 0.05) << epsilon;
    const Tensor linf = fgm(c.function(), c.x, {.epsilon = epsilon, .ball = Ball::linf});
    EXPECT_EQ(max(abs(linf)).item(), epsilon);
    const Tensor by_linf = (c.loss(c.x + linf) - clean) / (epsilon * sum(abs(g), {1, 2}));
    EXPECT_LT(max(abs(by_linf - 1)).item(), 0.05) << epsilon;
    // Anything else of that length raises it less, to first order.
    const Tensor random = randn(c.x.shape(), kDouble);
    const Tensor other = random * reshape(epsilon / lengths(random), {5, 1, 1});
    EXPECT_GT(min(c.loss(c.x + l2) - c.loss(c.x + other)).item(), 0);
  }
}

// A model that is linear in x: the best perturbation is known, and PGD must find it from anywhere.
TEST(Adversarial, PgdFindsTheBestCornerOfALinearLoss) {
  Generator generator(2);
  const Tensor w = randn({4}, kDouble, generator), x = randn({7, 4}, kDouble, generator);
  const auto loss = [&](const Tensor& t) { return sum(t * w, 1); };
  const auto gain = [&](const Tensor& r) { return loss(x + r) - loss(x); };
  const Tensor l2 = pgd(loss, x, {.epsilon = 0.3, .steps = 20}, generator);
  EXPECT_GT(min(gain(l2)).item(), 0.3 * norm(w).item() * 0.99);
  EXPECT_LE(max(lengths(l2)).item(), 0.3 * (1 + 1e-12));
  const Tensor linf = pgd(loss, x, {.epsilon = 0.3, .ball = Ball::linf}, generator);
  EXPECT_NEAR(min(gain(linf)).item(), 0.3 * sum(abs(w)).item(), 1e-12);
  EXPECT_LE(max(abs(linf)).item(), 0.3);
}

TEST(Adversarial, PgdIsAtLeastAsStrongAsFgm) {
  const Case c;
  for (const Ball ball : {Ball::l2, Ball::linf}) {
    const Tensor one = fgm(c.function(), c.x, {.epsilon = 0.5, .ball = ball});
    const Tensor many = pgd(c.function(), c.x, {.epsilon = 0.5, .ball = ball, .steps = 20, .random_start = false});
    EXPECT_GT(mean(c.loss(c.x + many)).item(), mean(c.loss(c.x + one)).item());
    EXPECT_GT(min(c.loss(c.x + many) - c.loss(c.x)).item(), 0);
  }
}

TEST(Adversarial, InputsStayPossible) {
  const Case c;
  const Tensor x = clamp(c.x, 0, 1);
  for (const Ball ball : {Ball::l2, Ball::linf}) {
    for (const Tensor& r : {fgm(c.function(), x, {.epsilon = 0.5, .ball = ball, .low = 0, .high = 1}),
                            pgd(c.function(), x, {.epsilon = 0.5, .ball = ball, .low = 0, .high = 1})}) {
      EXPECT_GE(min(x + r).item(), 0);
      EXPECT_LE(max(x + r).item(), 1);
      EXPECT_GT(max(abs(r)).item(), 0);
    }
  }
}

TEST(Adversarial, SamplesWithoutAGradientGetNoPerturbation) {
  const Tensor x = tensor({{1, 2}, {-1, 2}, {0, 0}});
  const auto loss = [](const Tensor& t) { return sum(relu(slice(t, 1, 0, 1)), 1); };
  EXPECT_EQ(fgm(loss, x, {.epsilon = 0.5}).to_vector<float>(), (std::vector<float>{0.5, 0, 0, 0, 0, 0}));
  EXPECT_EQ(fgm(loss, x, {.epsilon = 0.5, .ball = Ball::linf}).to_vector<float>(),
            (std::vector<float>{0.5, 0, 0, 0, 0, 0}));
  // Gradients whose squares underflow in float32 still have a direction.
  const auto faint = [](const Tensor& t) { return sum(t * 1e-30, 1); };
  const std::vector<float> r = fgm(faint, slice(x, 0, 0, 1), {.epsilon = 1}).to_vector<float>();
  EXPECT_NEAR(r[0], std::sqrt(0.5), 1e-6);
  // One number per sample without further axes.
  EXPECT_EQ(fgm([](const Tensor& t) { return -t; }, tensor({3, 4}), {.epsilon = 2}).to_vector<float>(),
            (std::vector<float>{-2, -2}));
  EXPECT_LE(max(abs(pgd([](const Tensor& t) { return -t; }, tensor({3, 4}), {.epsilon = 2}))).item(), 2);
}

// l(x + ε∇l) ≈ l + ε‖∇l‖², and the same of their gradients by the weights: what the document says of the two.
TEST(Adversarial, TrainingAgainstItIsAGradientPenaltyToFirstOrder) {
  const Case c;
  Tensor w = clone(c.a).requires_grad_();
  const auto loss = [&](const Tensor& at) {
    return cross_entropy(matmul(tanh(matmul(flatten(at, 1), w)), c.b), c.y, {.reduction = Reduction::none});
  };
  constexpr double kEpsilon = 1e-4;
  Tensor leaf = clone(c.x).requires_grad_();
  const Tensor step = grad(sum(loss(leaf)), leaf) * kEpsilon;  // not normalised
  const Tensor by_attack = grad(sum(loss(c.x + step) - loss(c.x)), w) / kEpsilon;
  const Tensor by_penalty = grad(sum(input_gradient_penalty(loss, c.x, {.reduction = Reduction::none})), w);
  // The attack's perturbation is a constant, so it is half of the penalty's gradient: d‖g‖² = 2g·dg.
  EXPECT_LT(norm(by_attack * 2 - by_penalty).item(), 1e-3 * norm(by_penalty).item());
}

TEST(Adversarial, LeavesNoTrace) {
  manual_seed(3);
  const nn::Sequential model{nn::Linear(4, 8), nn::BatchNorm1d(8), nn::ReLU(), nn::Dropout(0.5), nn::Linear(8, 3)};
  const Tensor x = randn({6, 4}), y = randint(0, 3, {6});
  int passes = 0;
  std::vector<float> losses_seen;
  const auto loss = [&](const Tensor& at) {
    ++passes;
    const Tensor each = cross_entropy(model(at), y, {.reduction = Reduction::none});
    losses_seen.push_back(static_cast<float>(mean(each).item()));
    return each;
  };
  const TensorMap before = model.state_dict();
  std::map<std::string, std::vector<float>> numbers;
  for (const auto& [name, t] : before) {
    if (t.dtype() == f32) numbers[name] = t.to_vector<float>();
  }
  adversarial_loss(loss, x, {.epsilon = 0}).backward();
  EXPECT_EQ(passes, 2);
  EXPECT_EQ(losses_seen[0], losses_seen[1]);  // at ε = 0 the two passes are the same: the masks are
  pgd(loss, x, {.epsilon = 0.1, .steps = 3});
  EXPECT_EQ(passes, 5);
  for (const auto& [name, t] : model.state_dict()) {
    if (numbers.contains(name)) {
      EXPECT_EQ(t.to_vector<float>(), numbers[name]) << name;
    }
  }
  // The search itself adds nothing to the gradients of the parameters.
  model.zero_grad();
  fgm(loss, x);
  for (const Tensor& p : model.parameters()) EXPECT_FALSE(p.grad().defined());
}

TEST(Adversarial, RefusesWhatMakesNoSense) {
  const Case c;
  expect_error([&] { fgm(c.function(), c.x, {.epsilon = -1}); }, "epsilon");
  expect_error([&] { fgm(c.function(), c.x, {.low = 1, .high = 0}); }, "low < high");
  expect_error([&] { fgm([&](const Tensor& t) { return mean(c.loss(t)); }, c.x); }, "Reduction::none");
  expect_error([&] { fgm([&](const Tensor&) { return ones({5}, kDouble); }, c.x); }, "does not depend");
  expect_error([&] { pgd(c.function(), c.x, {.steps = 0}); }, "at least one step");
  expect_error([&] { pgd(c.function(), c.x, {.step_size = -1}); }, "step");
  expect_error([&] { fgm(c.function(), c.y); }, "floating");
}

}  // namespace
}  // namespace gg::losses_test
