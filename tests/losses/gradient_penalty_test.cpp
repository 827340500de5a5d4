// Penalties on gradients against closed forms: linear models, where gradients are weights, and the Fisher matrix.
#include "losses/gradient_penalty.h"

#include <gtest/gtest.h>

#include <cmath>

#include "autograd/autograd.h"
#include "autograd/functional/gradcheck.h"
#include "losses/losses.h"
#include "nn/nn.h"
#include "ops/ops.h"
#include "tests/errors.h"
#include "tests/losses/smooth.h"

namespace gg::losses_test {
namespace {

using namespace gg::losses;

double squared(const Tensor& t) { return sum(square(t)).item(); }

TEST(GradientPenalty, OfALinearModelIsTheWeights) {
  Generator generator(2);
  const Tensor x = randn({4, 3, 2}, kDouble, generator), w = randn({6, 5}, kDouble, generator);
  const auto linear = [&](const Tensor& t) { return matmul(flatten(t, 1), w); };
  const auto first = [&](const Tensor& t) { return slice(linear(t), 1, 0, 1); };
  const std::vector<double> exact =
      output_gradient_penalty(linear, x, {.sigma = 0.5, .reduction = Reduction::none}).to_vector<double>();
  ASSERT_EQ(exact.size(), 4u);
  for (const double p : exact) EXPECT_NEAR(p, 0.25 * squared(w), 1e-12);
  // One output, and one number per sample of rank 2, for critics.
  const double length = std::sqrt(squared(slice(w, 1, 0, 1)));
  EXPECT_NEAR(r1_penalty(first, x).item(), length * length, 1e-12);
  EXPECT_NEAR(wgan_gp_penalty(first, x, x * 2, {.target = 3}).item(), (length - 3) * (length - 3), 1e-12);
  EXPECT_NEAR(input_gradient_penalty([&](const Tensor& t) { return squeeze(first(t), 1); }, x).item(), length * length,
              1e-12);
  const Tensor leaf = clone(x).requires_grad_();
  EXPECT_NEAR(sum(gradient_norm(first(leaf), leaf)).item(), 4 * length, 1e-12);
  EXPECT_NEAR(squared(gradient_norm(sum(square(leaf), {1, 2}), leaf)), 4 * squared(x), 1e-10);
}

// For each sample alone: a norm over the whole batch, or a penalty on the mean loss, would depend on the batch.
TEST(GradientPenalty, IsThatOfEachSampleAlone) {
  const Smooth model;
  const Tensor y = tensor({0, 3, 1}, {i64});
  const auto of = [&](const Tensor& x, const Tensor& labels) {
    const auto loss = [&](const Tensor& t) { return cross_entropy(model(t), labels, {.reduction = Reduction::none}); };
    const auto critic = [&](const Tensor& t) { return sum(model(t), 1); };
    Generator generator(1);
    const Tensor all = stack({input_gradient_penalty(loss, x, {.reduction = Reduction::none}),
                              r1_penalty(critic, x, {.reduction = Reduction::none}),
                              wgan_gp_penalty(critic, x, x, {.reduction = Reduction::none}, generator),
                              output_gradient_penalty(model, x, {.reduction = Reduction::none}),
                              output_gradient_penalty(model, x, {.form = Form::kl, .reduction = Reduction::none})},
                             1);
    return all;
  };
  const Tensor together = of(model.x, y);
  for (int64_t n = 0; n < 3; ++n) {
    const Tensor alone = of(slice(model.x, 0, n, n + 1), slice(y, 0, n, n + 1));
    EXPECT_LT(max(abs(alone - slice(together, 0, n, n + 1))).item(), 1e-12);
  }
}

// ½σ² Σ p_i‖∇ log p_i‖² is ½σ² times the trace of the Hessian of KL(f(x) ‖ f(x+r)) at r = 0, here by second derivatives
// of the divergence itself.
TEST(GradientPenalty, KlFormIsHalfTheTraceOfTheDivergencesHessian) {
  const Smooth model;
  const Tensor penalty = output_gradient_penalty(model, model.x, {.form = Form::kl, .reduction = Reduction::none});
  for (int64_t n = 0; n < 3; ++n) {
    const Tensor at = slice(model.x, 0, n, n + 1), target = model(at);
    Tensor r = zeros({1, 5}, kDouble).requires_grad_();
    const Tensor g = grad(sum(kl_from_logits(target, model(at + r))), r, {.create_graph = true});
    EXPECT_LT(max(abs(g)).item(), 1e-14);  // no first-order term
    double trace = 0;
    for (int64_t i = 0; i < 5; ++i) {
      trace += slice(grad(slice(g, 1, i, i + 1), r, {.retain_graph = true}), 1, i, i + 1).item();
    }
    EXPECT_NEAR(slice(penalty, 0, n, n + 1).item(), 0.5 * trace, 1e-12);
  }
}

// And half the average divergence under small noise: what the document derives.
TEST(GradientPenalty, IsWhatNoiseDoesOnAverage) {
  const Smooth model;
  Generator generator(3);
  constexpr double kSigma = 0.01;
  constexpr int64_t kDraws = 20000;
  const Tensor x = slice(model.x, 0, 0, 1), many = expand(x, {kDraws, 5});
  const Tensor noise = randn({kDraws / 2, 5}, kDouble, generator) * kSigma;
  const Tensor noisy = many + concat({noise, -noise});
  const Tensor clean = expand(model(x), {kDraws, 4});
  const auto compare = [&](const Tensor& each, const Tensor& penalty) {
    const double se = std::sqrt(var(each).item() / static_cast<double>(kDraws));
    EXPECT_NEAR(mean(each).item(), penalty.item(), 3 * se);
    EXPECT_LT(se, 0.02 * penalty.item());
  };
  compare(sum(square(model(noisy) - clean), 1), output_gradient_penalty(model, x, {.sigma = kSigma}));
  compare(kl_from_logits(clean, model(noisy)), output_gradient_penalty(model, x, {.sigma = kSigma, .form = Form::kl}));
}

TEST(GradientPenalty, SampledFormIsUnbiased) {
  const Smooth model;
  Generator generator(4);
  for (const Form form : {Form::mse, Form::kl}) {
    const Tensor exact = output_gradient_penalty(model, model.x, {.form = form, .reduction = Reduction::none});
    constexpr int64_t kDraws = 20000;
    const Tensor many = reshape(expand(unsqueeze(model.x, 0), {kDraws, 3, 5}), {kDraws * 3, 5});
    const Tensor each = reshape(
        output_gradient_penalty(model, many, {.form = form, .probes = 1, .reduction = Reduction::none}, generator),
        {kDraws, 3});
    const Tensor se = sqrt(var(each, {0}) / kDraws), error = abs(mean(each, {0}) - exact) / se;
    EXPECT_LT(max(error).item(), 3) << (form == Form::kl ? "kl" : "mse");
    EXPECT_GT(min(se).item(), 0);
    // Signs of the batch instead of each sample would make all samples' estimates move together.
    const Tensor centred = (each - mean(each, {0}, {.keepdim = true})) / sqrt(var(each, {0}, {.keepdim = true}));
    const double correlation = mean(slice(centred, 1, 0, 1) * slice(centred, 1, 1, 2)).item();
    EXPECT_LT(std::abs(correlation), 4 / std::sqrt(static_cast<double>(kDraws)));
    // More probes, less variance.
    const Tensor four =
        output_gradient_penalty(model, many, {.form = form, .probes = 4, .reduction = Reduction::none}, generator);
    EXPECT_NEAR(mean(var(each, {0}) / var(reshape(four, {kDraws, 3}), {0})).item(), 4, 0.6);
  }
}

TEST(GradientPenalty, IsSafeWhereTheGradientIsZero) {
  Tensor scale = zeros({}, kDouble).requires_grad_();
  const Tensor x = ones({2, 3}, kDouble);
  const auto critic = [&](const Tensor& t) { return sum(t, 1) * scale; };
  const Tensor penalty = wgan_gp_penalty(critic, x, x * 3);
  EXPECT_EQ(penalty.item(), 1);
  penalty.backward();
  EXPECT_EQ(scale.grad().item(), 0);  // and no NaN
  EXPECT_EQ(r1_penalty(critic, x).item(), 0);
}

TEST(GradientPenalty, CertainClassesDoNotOverflow) {
  const Tensor x = tensor({{1, 2}, {3, -1}});
  const auto certain = [](const Tensor& t) { return t * 1e4; };
  for (const int64_t probes : {0, 2}) {
    const double penalty = output_gradient_penalty(certain, x, {.form = Form::kl, .probes = probes}).item();
    EXPECT_GE(penalty, 0);
    EXPECT_LT(penalty, 1e-6);
  }
}

TEST(GradientPenalty, CanBeDifferentiatedAgain) {
  const Smooth base;
  const Tensor y = tensor({0, 3, 1}, {i64});
  const auto check = [&](const char* name, const std::function<Tensor(const Function&, const Tensor&)>& penalty) {
    // By the weights and by the inputs.
    const GradcheckResult result = gradcheck(
        [&](std::span<const Tensor> in) {
          return penalty([&](const Tensor& t) { return matmul(tanh(matmul(t, in[0])), base.b); }, in[1]);
        },
        std::vector<Tensor>{clone(base.a).requires_grad_(), clone(base.x).requires_grad_()},
        {.rtol = 1e-4, .forward = false});
    EXPECT_TRUE(result.ok) << name << ": " << result.message;
  };
  check("mse", [](const Function& f, const Tensor& x) { return output_gradient_penalty(f, x, {.sigma = 0.5}); });
  check("kl", [](const Function& f, const Tensor& x) { return output_gradient_penalty(f, x, {.form = Form::kl}); });
  for (const Form form : {Form::mse, Form::kl}) {
    check("sampled", [form](const Function& f, const Tensor& x) {
      Generator same(5);
      return output_gradient_penalty(f, x, {.form = form, .probes = 2}, same);
    });
  }
  check("input gradient", [&](const Function& f, const Tensor& x) {
    return input_gradient_penalty(
        [&](const Tensor& t) { return cross_entropy(f(t), y, {.reduction = Reduction::none}); }, x);
  });
  check("norm", [](const Function& f, const Tensor& x) { return gradient_norm(sum(f(x), 1), x); });
  // Neither side of WGAN-GP gets a gradient, so only the weights are checked; R1's samples are data, too.
  const Tensor real = base.x, made = base.x * 2;
  const auto critic = [&](const Tensor& w) { return [&, w](const Tensor& t) { return sum(tanh(matmul(t, w)), 1); }; };
  const GradcheckResult gp = gradcheck(
      [&](const Tensor& w) {
        Generator same(6);
        return wgan_gp_penalty(critic(w), real, made, {}, same) + r1_penalty(critic(w), real);
      },
      clone(base.a).requires_grad_(), {.rtol = 1e-4, .forward = false});
  EXPECT_TRUE(gp.ok) << gp.message;
}

TEST(GradientPenalty, LeavesGradModeAndGradientsAlone) {
  const Smooth model;
  Tensor w = clone(model.a).requires_grad_();
  const auto f = [&](const Tensor& t) { return matmul(tanh(matmul(t, w)), model.b); };
  {
    const NoGrad off;
    EXPECT_FALSE(output_gradient_penalty(f, model.x).requires_grad());
    EXPECT_GT(output_gradient_penalty(f, model.x).item(), 0);
  }
  EXPECT_TRUE(output_gradient_penalty(f, model.x).requires_grad());
  EXPECT_FALSE(w.grad().defined());
}

TEST(GradientPenalty, RefusesWhatMakesNoSense) {
  const Smooth model;
  const Tensor x = model.x;
  expect_error([&] { input_gradient_penalty([](const Tensor& t) { return mean(t); }, x); }, "Reduction::none");
  expect_error([&] { r1_penalty([&](const Tensor& t) { return model(t); }, x); }, "each of the 3 samples, got [3,4]");
  expect_error([&] { output_gradient_penalty(model, x, {.sigma = -1}); }, "sigma");
  expect_error([&] { output_gradient_penalty(model, x, {.probes = -1}); }, "probes");
  expect_error([&] { output_gradient_penalty([](const Tensor& t) { return sum(t); }, x); }, "[N, outputs]");
  expect_error([&] { wgan_gp_penalty([](const Tensor& t) { return sum(t, 1); }, x, slice(x, 0, 0, 2)); }, "alike");
  expect_error([&] { r1_penalty([](const Tensor& t) { return sum(t, 1); }, zeros({0, 2})); }, "not empty");
  expect_error([&] { kl_from_logits(x, slice(x, 1, 0, 2)); }, "one shape");
  expect_error([&] { entropy_from_logits(ones({3})); }, "[N, classes]");
}

}  // namespace
}  // namespace gg::losses_test
