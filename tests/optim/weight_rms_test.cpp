// Predictions of the weights' RMS: each against its definition written out, against closed forms and limits, and
// against AdamW itself on random gradients.
#include "optim/weight_rms.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "optim/adam.h"
#include "tests/errors.h"

namespace gg::optim_test {
namespace {

using namespace gg::optim;
namespace wr = weight_rms;

RatesAndDecays changing(size_t steps) {
  RatesAndDecays all;
  for (size_t i = 0; i < steps; ++i) {
    const auto x = static_cast<double>(i);
    all.lr.push_back(0.01 * (1.2 + std::sin(0.1 * x)));
    all.weight_decay.push_back(0.5 + 0.4 * std::cos(0.03 * x));
  }
  return all;
}

// The definitions of weight_rms.h as they stand there, in O(T²), with e^{κ_i − κ_t} from the sums κ.
double by_definition(const RatesAndDecays& all, const wr::Options& o, size_t t) {
  std::vector<double> kappa(t + 1, 0);
  for (size_t i = 1; i <= t; ++i) kappa[i] = kappa[i - 1] + all.lr[i - 1] * all.weight_decay[i - 1];
  double z = 0, s = 0;
  for (size_t j = 1; j <= t; ++j) {
    z += std::exp(kappa[j] - kappa[t]) * all.lr[j - 1];
    double a = 0;
    for (size_t i = j; i <= t; ++i) {
      a +=
          (1 - o.beta1) * std::exp(kappa[i] - kappa[t]) * std::pow(o.beta1, static_cast<double>(i - j)) * all.lr[i - 1];
    }
    s += a * a;
  }
  const double r = o.mean_to_noise;
  return std::sqrt(std::exp(-2 * kappa[t]) * o.initial_rms * o.initial_rms + (r * z * z + s) / (r + 1));
}

TEST(WeightRms, DoubleSumInOneWalkIsTheDoubleSum) {
  const RatesAndDecays all = changing(200);
  for (const wr::Options& o : {wr::Options{.beta1 = 0.9, .initial_rms = 0.1}, wr::Options{.beta1 = 0, .initial_rms = 0},
                               wr::Options{.beta1 = 0.99, .initial_rms = 1, .mean_to_noise = 0.01}}) {
    const wr::Trajectory rms = wr::double_sum(all, o);
    ASSERT_EQ(rms.size(), 201U);
    for (const size_t t : {0UL, 1UL, 2UL, 17UL, 200UL}) EXPECT_NEAR(rms[t], by_definition(all, o, t), 1e-13) << t;
  }
}

// θ and m as a linear system driven by unit noise: covariances step by step, nothing of the formulas.
TEST(WeightRms, DoubleSumAsComputedIsTheVarianceOfTheRecursion) {
  const RatesAndDecays all = changing(300);
  const double beta = 0.9;
  double tt = 0.04, tm = 0, mm = 0;  // E θ², E θm, E m²
  const wr::Trajectory rms = wr::double_sum(all, {.beta1 = beta, .initial_rms = 0.2, .as_computed = true});
  for (size_t i = 0; i < 300; ++i) {
    mm = beta * beta * mm + (1 - beta) * (1 - beta);
    tm = beta * tm;
    const double f = 1 - all.lr[i] * all.weight_decay[i];
    const double e = all.lr[i] / (1 - std::pow(beta, static_cast<double>(i + 1)));
    tt = f * f * tt - 2 * f * e * tm + e * e * mm;
    tm = f * tm - e * mm;
    ASSERT_NEAR(rms[i + 1], std::sqrt(tt), 1e-13) << i;
  }
}

TEST(WeightRms, ConstantRateAndDecayHaveTheClosedForm) {
  const double eta = 1e-3, lambda = 0.1, start = 0.1;
  const RatesAndDecays all = RateAndDecay{eta, lambda}.values(10000);
  const double decayed = std::exp(-2.0);
  const double exact = std::exp(2 * lambda * eta) / std::expm1(2 * lambda * eta) * eta * eta * (1 - decayed);
  EXPECT_NEAR(wr::slow_variation(all, {.initial_rms = start}).back(), std::sqrt(decayed * start * start + exact),
              1e-12);
  const double limit = std::sqrt(decayed * start * start + (1 - decayed) * eta / (2 * lambda));
  EXPECT_NEAR(wr::ode(all, {.initial_rms = start}).back(), limit, 1e-12);
  EXPECT_NEAR(wr::mean_field(all, {.initial_rms = start}).back(), limit, 1e-12);
  EXPECT_NEAR(wr::steady_state(all, {}).back(), std::sqrt(0.005), 1e-15);
}

// D-12: how far the slow variation is from the double sum.
TEST(WeightRms, SlowVariationIsCloseWhereDecayIsSlow) {
  const auto distance = [](double lambda) {
    const RatesAndDecays all = RateAndDecay{1e-3, lambda}.values(10000);
    const wr::Options o{.initial_rms = 0.1};
    return std::abs(wr::slow_variation(all, o).back() / wr::double_sum(all, o).back() - 1);
  };
  EXPECT_LT(distance(0.1), 6e-4);
  EXPECT_GT(distance(2), 5e-3);
  EXPECT_LT(distance(2), 1.5e-2);
}

TEST(WeightRms, TheSteadyStateIsThatOfEachUpdate) {
  const RatesAndDecays all = changing(50);
  const wr::Trajectory settled = wr::steady_state(all, {});
  ASSERT_EQ(settled.size(), 51U);
  EXPECT_EQ(settled[0], settled[1]);
  for (size_t i = 0; i < 50; ++i) {
    EXPECT_NEAR(settled[i + 1], std::sqrt(all.lr[i] / (2 * all.weight_decay[i])), 1e-15) << i;
  }
}

TEST(WeightRms, TheLargestDecayIsOfOneUpdate) {
  // Neither the largest rate times the largest decay, nor either at the ends.
  EXPECT_DOUBLE_EQ(wr::largest_decay({{0.1, 0.2, 0.3, 0.1}, {0.9, 0.8, 0.1, 0.5}}), 0.16);
}

TEST(WeightRms, TheExactStepIsTheSolutionOfTheEquation) {
  // dρ/dt = −2λη ρ + η² by Runge-Kutta in a hundred pieces of each update.
  const RatesAndDecays all = changing(100);
  double rho = 0.09;
  for (size_t i = 0; i < 100; ++i) {
    const auto slope = [&](double x) { return -2 * all.lr[i] * all.weight_decay[i] * x + all.lr[i] * all.lr[i]; };
    for (int piece = 0; piece < 100; ++piece) {
      const double h = 0.01, a = slope(rho), b = slope(rho + h / 2 * a), c = slope(rho + h / 2 * b),
                   d = slope(rho + h * c);
      rho += h / 6 * (a + 2 * b + 2 * c + d);
    }
  }
  EXPECT_NEAR(wr::ode(all, {.initial_rms = 0.3}).back(), std::sqrt(rho), 1e-13);
}

TEST(WeightRms, WithoutDecayOrMomentumSquaresAddUp) {
  const RatesAndDecays all = RateAndDecay{inverse_power({.start = 0.1}), 0}.values(500);
  double squares = 0.01;
  for (const double lr : all.lr) squares += lr * lr;
  for (const auto& rms :
       {wr::double_sum(all, {.beta1 = 0, .initial_rms = 0.1}), wr::slow_variation(all, {.initial_rms = 0.1}),
        wr::ode(all, {.initial_rms = 0.1}), wr::mean_field(all, {.initial_rms = 0.1}),
        wr::bounds(all, {.initial_rms = 0.1}).low, wr::bounds(all, {.initial_rms = 0.1}).high}) {
    EXPECT_NEAR(rms.back(), std::sqrt(squares), 1e-14);
  }
  EXPECT_TRUE(std::isinf(wr::steady_state(all, {}).back()));
  // D-10: with momentum the sum is at most that, by Cauchy and Schwarz.
  for (const double beta : {0.5, 0.9, 0.99}) EXPECT_LT(wr::double_sum(all, {.beta1 = beta}).back(), std::sqrt(squares));
}

TEST(WeightRms, TheBoundsHold) {
  const RatesAndDecays all = RateAndDecay{cosine({.peak = 1e-3, .steps = 2000}), 1}.values(2000);
  const wr::Options o{.initial_rms = 0.02};
  const wr::Bounds b = wr::bounds(all, o);
  const wr::Trajectory rms = wr::ode(all, o), mean = wr::mean_field(all, o);
  for (size_t t = 0; t <= 2000; ++t) {
    EXPECT_LE(b.low[t], rms[t] * (1 + 1e-12));
    EXPECT_GE(b.high[t], rms[t] * (1 - 1e-12));
    EXPECT_GE(b.high[t], mean[t] * (1 - 1e-12));
  }
  EXPECT_LT(b.low[2000], rms[2000] * 0.8);
  expect_error([&] { wr::bounds(all, {.mean_to_noise = 0.1}); }, "mean 0");
}

TEST(WeightRms, AMeanInTheGradientsTakesOver) {
  const RatesAndDecays all = RateAndDecay{1e-3, 0.1}.values(10000);
  const double r = 0.01, rho = std::exp(-2.0) * 0.01 +
                               (r * std::pow((1 - std::exp(-1.0)) / 0.1, 2) + (1 - std::exp(-2.0)) * 0.005) / (r + 1);
  for (const auto& estimate : {wr::ode, wr::mean_field}) {
    EXPECT_NEAR(estimate(all, {.initial_rms = 0.1, .mean_to_noise = r}).back(), std::sqrt(rho), 1e-12);
  }
  EXPECT_NEAR(wr::double_sum(all, {.initial_rms = 0.1, .mean_to_noise = r}).back(), 0.63347, 5e-5);
  EXPECT_NEAR(wr::steady_state(all, {.mean_to_noise = r}).back(), std::sqrt((r * 100 + 0.005) / 1.01), 1e-13);
  // u² = (r + (1 − β)/(1 + β))/(r + 1), which goes to 1 as the mean takes over.
  EXPECT_NEAR(wr::update_rms({}), 0.22942, 1e-5);
  EXPECT_NEAR(wr::update_rms({.beta1 = 0}), 1, 1e-15);
  EXPECT_NEAR(wr::update_rms({.mean_to_noise = 1e9}), 1, 1e-8);
}

// Against AdamW of this library on normal gradients, d = 20,000: 0.5 % of noise, and v moves, which takes about 1 %
// off.
TEST(WeightRms, AdamWDoesIt) {
  Generator generator(3);
  const int64_t d = 20000, steps = 1500;
  const RateAndDecay plan{.lr = cosine({.peak = 4e-3, .steps = steps, .warmup = 100}),
                          .weight_decay = linear({.from = 0.2, .to = 1, .steps = steps})};
  Tensor p = (0.05 * randn({d}, {}, generator)).detach().requires_grad_();
  AdamW optimizer({p}, {.betas = {0.9, 0.99}});
  const auto rms_of = [&](const Tensor& t) { return norm(t.detach()).item() / std::sqrt(static_cast<double>(d)); };
  const double initial = rms_of(p);
  for (int64_t step = 0; step < steps; ++step) {
    plan.set(optimizer, step);
    p.set_grad(randn({d}, {}, generator));
    optimizer.step();
  }
  const RatesAndDecays all = plan.values(steps);
  for (const auto& estimate : {wr::double_sum, wr::slow_variation, wr::ode}) {
    EXPECT_NEAR(rms_of(p) / estimate(all, {.initial_rms = initial}).back(), 1, 0.02);
  }
  EXPECT_GT(wr::mean_field(all, {.initial_rms = initial}).back() / rms_of(p), 1.2);  // and here it does not hold
}

TEST(WeightRms, HugeKappaDoesNotOverflow) {
  const RatesAndDecays all = RateAndDecay{0.9, 1}.values(100000);  // κ = 90,000, e^κ is beyond any number
  const wr::Options o{.initial_rms = 1e3, .mean_to_noise = 0.5};
  for (const auto& estimate : {wr::double_sum, wr::slow_variation, wr::ode, wr::mean_field, wr::steady_state}) {
    EXPECT_TRUE(std::isfinite(estimate(all, o).back()));
  }
  EXPECT_NEAR(wr::ode(all, {}).back(), std::sqrt(0.45), 1e-12);
  // And tiny κ does not cancel: ρ = ν to all digits.
  const RatesAndDecays tiny = RateAndDecay{1e-6, 1e-9}.values(100);
  for (const auto& estimate : {wr::ode, wr::mean_field}) EXPECT_NEAR(estimate(tiny, {}).back() / 1e-5, 1, 1e-12);
}

TEST(WeightRms, TinyDecaysAndHugeMeansStayNumbers) {
  // AdamC at the end of a steep schedule: η/2λ stays although λ² is 0 in floating point.
  const RatesAndDecays steep{{1e-3, 1e-203}, {0.1, 1e-201}};
  EXPECT_NEAR(wr::steady_state(steep, {}).back(), std::sqrt(0.005), 1e-12);
  EXPECT_NEAR(wr::steady_state(steep, {.mean_to_noise = 1}).back() * 1e-201, std::sqrt(0.5), 1e-12);
  const RatesAndDecays all = RateAndDecay{1, 0}.values(100);
  for (const auto& estimate : {wr::double_sum, wr::slow_variation, wr::ode, wr::mean_field}) {
    EXPECT_NEAR(estimate(all, {.mean_to_noise = 1e307}).back(), 100, 1e-9);
  }
}

TEST(WeightRms, NoStepsGiveTheStart) {
  const wr::Options o{.initial_rms = 0.3};
  for (const auto& estimate : {wr::double_sum, wr::slow_variation, wr::ode, wr::mean_field, wr::steady_state}) {
    EXPECT_EQ(estimate({}, o), wr::Trajectory{0.3});
  }
  EXPECT_FALSE(wr::withers({}));
  EXPECT_EQ(wr::largest_decay({}), 0);
}

TEST(WeightRms, RefusesWhatMakesNoSense) {
  const RatesAndDecays good{{0.1}, {0.1}};
  for (const auto& estimate : {wr::double_sum, wr::slow_variation, wr::ode, wr::mean_field, wr::steady_state}) {
    expect_error([&] { estimate({{-0.1}, {0.1}}, {}); }, "a learning rate must be finite and not negative, got -0.1");
    expect_error([&] { estimate({{NAN}, {0.1}}, {}); }, "a learning rate");
    expect_error([&] { estimate({{0.1}, {INFINITY}}, {}); }, "a weight decay");
    expect_error([&] { estimate({{0.1}, {}}, {}); }, "1 learning rates, but 0 weight decays");
    expect_error([&] { estimate({{0.1, 0.1}, {0.1, 10}}, {}); }, "must be below 1, got 1 at update 1");
    expect_error([&] { estimate(good, {.beta1 = 1}); }, "beta1 must be in [0, 1), got 1");
    expect_error([&] { estimate(good, {.beta1 = -0.1}); }, "beta1");
    expect_error([&] { estimate(good, {.initial_rms = NAN}); }, "the initial RMS");
    expect_error([&] { estimate(good, {.mean_to_noise = -1}); }, "mean_to_noise");
  }
}

TEST(WeightRms, WitheringIsTold) {
  const auto withers = [](const Schedule& lr, double decay, int64_t steps, bool follows = false) {
    return wr::withers(RateAndDecay{lr, decay, follows}.values(steps));
  };
  const Schedule down = cosine({.peak = 1e-3, .steps = 100000});
  EXPECT_TRUE(withers(down, 0.5, 100000));
  EXPECT_FALSE(withers(down, 0.05, 100000));       // κ = 2.5
  EXPECT_FALSE(withers(down, 0.5, 100000, true));  // AdamC
  EXPECT_FALSE(withers(cosine({.peak = 1e-3, .steps = 100000, .minimum = 1e-5}), 0.5, 100000));
  EXPECT_FALSE(withers(1e-3, 0.5, 100000));
  // Lines to 0 in few steps, whose last update still has a rate of some thousandths; and lines to a hundredth.
  EXPECT_TRUE(withers(wsd({.peak = 1e-3, .steps = 2000, .decay = 400}), 10, 2000));
  EXPECT_TRUE(withers(linear({.from = 1e-3, .to = 0, .steps = 100}), 100, 100));
  EXPECT_FALSE(withers(linear({.from = 1e-3, .to = 1e-5, .steps = 400}), 50, 400));
  EXPECT_FALSE(withers(step_decay({.start = 1e-3, .every = 999}), 50, 1000));
}

TEST(WeightRms, DesignFindsTheDecay) {
  const RateAndDecay plan{.lr = wsd({.peak = 1e-3, .steps = 10000, .warmup = 500, .decay = 2000})};
  for (const bool follows : {false, true}) {
    RateAndDecay found = plan;
    found.decay_follows_rate = follows;
    const double decay = wr::weight_decay_for(0.05, found, 10000, {.initial_rms = 0.02});
    found.weight_decay = decay;
    EXPECT_NEAR(wr::ode(found.values(10000), {.initial_rms = 0.02}).back(), 0.05, 1e-12);
  }
  // A constant rate that has settled: λ = η/2ρ.
  EXPECT_NEAR(wr::weight_decay_for(0.02, {.lr = 1e-3}, 100000, {}), 1e-3 / (2 * 0.0004), 1e-9);
  expect_error([&] { wr::weight_decay_for(0.5, plan, 10000, {}); }, "needs a higher rate or more steps");
  expect_error([&] { wr::weight_decay_for(1e-9, plan, 10000, {}); }, "needs a lower rate");
  expect_error([&] { wr::weight_decay_for(0, plan, 10000, {}); }, "must be positive");
  expect_error([&] { wr::weight_decay_for(0.1, plan, 0, {}); }, "without steps");
}

}  // namespace
}  // namespace gg::optim_test
