// Rates and decays that change: what they add up to, what reaches the groups of every rule, and PyTorch's numbers.
#include "optim/rate_and_decay.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ops/creation.h"
#include "ops/shape.h"
#include "optim/optim.h"
#include "tests/errors.h"
#include "tests/golden.h"

namespace gg::optim_test {
namespace {

using namespace gg::optim;
using nlohmann::json;

const json& golden() {
  static const json g = read_golden("scheduled_optimizers");
  return g;
}

std::unique_ptr<Optimizer> make(const json& c, const Tensor& p) {
  const json& o = c["options"];
  if (c["rule"] == "sgd")
    return std::make_unique<SGD>(std::vector{p}, SgdOptions{.momentum = o.value("momentum", 0.0)});
  if (c["rule"] == "rmsprop") {
    return std::make_unique<RMSprop>(std::vector{p}, RmsPropOptions{.alpha = o.value("alpha", 0.99),
                                                                    .momentum = o.value("momentum", 0.0),
                                                                    .centered = o.value("centered", false)});
  }
  if (c["rule"] == "adam") return std::make_unique<Adam>(std::vector{p});
  return std::make_unique<AdamW>(
      std::vector{p},
      AdamWOptions{.betas = o.value("betas", std::array<double, 2>{0.9, 0.999}), .eps = o.value("eps", 1e-8)});
}

class PyTorch : public testing::TestWithParam<std::tuple<size_t, DType>> {};

TEST_P(PyTorch, HundredStepsOfChangingRateAndDecay) {
  const auto [index, dtype] = GetParam();
  const json& c = golden()["cases"][index];
  const auto tensor_of = [dtype = dtype](const json& numbers) {
    const auto values = numbers.get<std::vector<double>>();
    return to(from_vector(values, {static_cast<int64_t>(values.size())}), dtype);
  };
  Tensor p = tensor_of(golden()["start"]).requires_grad_();
  const auto optimizer = make(c, p);
  const auto rates = golden()["rates"].get<std::vector<double>>(),
             decays = golden()["decays"].get<std::vector<double>>();
  std::vector<Level> rate_levels, decay_levels;
  for (size_t t = 0; t < rates.size(); ++t) {
    rate_levels.push_back({rates[t], 1});
    decay_levels.push_back({decays[t], 1});
  }
  const RateAndDecay plan{.lr = piecewise(rate_levels), .weight_decay = piecewise(decay_levels)};
  double worst = 0;
  for (size_t t = 0; t < rates.size(); ++t) {
    p.set_grad(tensor_of(golden()["grads"][t]));
    plan.set(*optimizer, static_cast<int64_t>(t));
    optimizer->step();
    if ((t + 1) % 10 != 0) continue;
    const auto expected = c["after"][name_of(dtype)][t / 10].get<std::vector<double>>();
    const auto got = to(p.detach(), f64).to_vector<double>();
    for (size_t i = 0; i < got.size(); ++i) {
      worst = std::max(worst, std::abs(got[i] - expected[i]) / (0.1 + std::abs(expected[i])));
    }
  }
  // The rounding of a hundred updates: the same formulas, not the same order of operations.
  EXPECT_LT(worst, dtype == f64 ? 2e-14 : 5e-6) << c["name"];
}

INSTANTIATE_TEST_SUITE_P(Optimizers, PyTorch, testing::Combine(testing::Range<size_t>(0, 6), testing::Values(f32, f64)),
                         [](const auto& info) {
                           return golden()["cases"][std::get<0>(info.param)]["name"].template get<std::string>() + "_" +
                                  name_of(std::get<1>(info.param));
                         });

TEST(RateAndDecay, AdamCsDecayFollowsTheRate) {
  const RateAndDecay plan{
      .lr = cosine({.peak = 1e-3, .steps = 100, .warmup = 10}), .weight_decay = 0.1, .decay_follows_rate = true};
  const RatesAndDecays all = plan.values(120);
  for (size_t k = 0; k < 120; ++k) {
    EXPECT_DOUBLE_EQ(plan.weight_decay_at(static_cast<int64_t>(k)), all.weight_decay[k]);
    EXPECT_NEAR(all.weight_decay[k], 0.1 * all.lr[k] / 1e-3, 1e-16);
  }
  // κ = λ/η_max ∫η²: of a cosine from the peak to 0, 3/8 of what it would be at the peak.
  const RateAndDecay bare{
      .lr = cosine({.peak = 1e-3, .steps = 10000}), .weight_decay = 0.1, .decay_follows_rate = true};
  EXPECT_NEAR(bare.kappa(10000), 0.375, 1e-12);
  EXPECT_NEAR(bare.kappa_integral(10000).value(), 0.375, 1e-12);
}

TEST(RateAndDecay, KappaByTheClosedIntegralWhereThereIsOne) {
  const Schedule rate = wsd({.peak = 1e-3, .steps = 1000, .warmup = 50, .decay = 200});
  EXPECT_NEAR((RateAndDecay{rate, 0.3}.kappa_integral(1000).value()), 0.3 * 1e-3 * (1000 + 800 - 50) / 2, 1e-14);
  EXPECT_NEAR((RateAndDecay{rate, 0.3}.kappa(1000)), 0.3 * 1e-3 * (1000 + 800 - 50) / 2, 1e-14);
  const Schedule decay = linear({.from = 0.1, .to = 0.3, .steps = 1000});
  EXPECT_NEAR((RateAndDecay{2e-3, decay}.kappa_integral(1000).value()), 0.4, 1e-13);
  EXPECT_FALSE((RateAndDecay{rate, decay}.kappa_integral(1000).has_value()));
  EXPECT_GT((RateAndDecay{rate, decay}.kappa(1000)), 0);
  EXPECT_EQ((RateAndDecay{0, decay}.kappa_integral(1000)), 0);
  // The midpoint rule of a square is short by slope²/12 a step.
  EXPECT_NEAR((RateAndDecay{rate, 0.3}.nu_integral(1000) - RateAndDecay{rate, 0.3}.nu(1000)),
              1e-6 * (1.0 / 50 + 1.0 / 200) / 12, 1e-14);
  EXPECT_EQ((RateAndDecay{rate, 0.3}.kappa(0)), 0);
}

// Every rule's groups get their own plans; lr_scale stays in force.
template <class Rule>
void expect_groups_scheduled() {
  Tensor a = ones({2}).requires_grad_(), b = ones({3}).requires_grad_();
  Rule optimizer(std::vector<typename Rule::Group>{{{a}, {}}, {{b}, {.lr_scale = 10}}});
  const RateAndDecay first{.lr = 0.1, .weight_decay = linear({.from = 0, .to = 1, .steps = 10})};
  const RateAndDecay second{.lr = linear({.from = 0, .to = 1, .steps = 10}), .weight_decay = 0};
  set_rates_and_decays(optimizer, {first, second}, 4);
  EXPECT_DOUBLE_EQ(optimizer.options(0).lr, 0.1);
  EXPECT_DOUBLE_EQ(optimizer.options(0).weight_decay, 0.45);
  EXPECT_DOUBLE_EQ(optimizer.options(1).lr, 4.5);
  EXPECT_DOUBLE_EQ(optimizer.options(1).weight_decay, 0);
  second.set(optimizer, 0);
  EXPECT_DOUBLE_EQ(optimizer.options(0).lr, 0.05);
  EXPECT_DOUBLE_EQ(optimizer.options(1).lr, 0.5);
  expect_error([&] { set_rates_and_decays(optimizer, {first}, 0); }, "1 plans for 2 groups");
  a.set_grad(ones({2}));
  b.set_grad(ones({3}));
  const double before = a.detach().to_vector<float>()[0];
  optimizer.step();
  EXPECT_LT(a.detach().to_vector<float>()[0], before);
}

TEST(RateAndDecay, ReachesTheGroupsOfEveryRule) {
  expect_groups_scheduled<SGD>();
  expect_groups_scheduled<RMSprop>();
  expect_groups_scheduled<Adam>();
  expect_groups_scheduled<AdamW>();
}

TEST(RMSprop, RefusesOptionsOutOfRange) {
  Tensor p = ones({2}).requires_grad_();
  expect_error([&] { RMSprop({p}, {.alpha = 1}); }, "alpha must be in [0, 1), got 1");
  expect_error([&] { RMSprop({p}, {.eps = -1}); }, "eps");
  expect_error([&] { RMSprop({p}, {.momentum = 1}); }, "momentum");
  expect_error([&] { RMSprop({p}, {.lr = -1}); }, "learning rate");
}

}  // namespace
}  // namespace gg::optim_test
