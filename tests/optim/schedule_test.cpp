// Schedules: their values, and their integrals against quadrature, sums, and the formulas of the source document.
#include "optim/schedule.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numbers>
#include <string>

#include "tests/errors.h"

namespace gg::optim_test {
namespace {

using namespace gg::optim;

TEST(Schedule, UpdatesTakeTheMiddleOfTheirStep) {
  const Schedule rate = linear({.from = 0, .to = 1, .steps = 4});
  EXPECT_DOUBLE_EQ(rate(0), 0.125);
  EXPECT_DOUBLE_EQ(rate(3), 0.875);
  EXPECT_DOUBLE_EQ(rate(4), 1);
  EXPECT_DOUBLE_EQ(rate(1000000), 1);
  EXPECT_DOUBLE_EQ(rate.at(0), 0);
  EXPECT_DOUBLE_EQ(rate.at(4), 1);
  const Schedule number = 0.3;
  EXPECT_DOUBLE_EQ(number(0), 0.3);
  EXPECT_TRUE(number.is_constant());
  EXPECT_FALSE(rate.is_constant());
}

TEST(Schedule, CosineIsHalfAWave) {
  const Schedule rate = cosine({.peak = 3e-4, .steps = 200, .minimum = 1e-5, .warmup = 100});
  EXPECT_DOUBLE_EQ(rate.at(50), 1.5e-4);
  EXPECT_DOUBLE_EQ(rate.at(100), 3e-4);
  EXPECT_DOUBLE_EQ(rate.at(150), 1e-5 + 2.9e-4 / 2);
  EXPECT_DOUBLE_EQ(rate.at(125), 1e-5 + 2.9e-4 * (1 + std::sqrt(0.5)) / 2);
  EXPECT_DOUBLE_EQ(rate.at(200), 1e-5);
  EXPECT_DOUBLE_EQ(rate.at(300), 1e-5);
}

TEST(Schedule, WsdIsFlatThenFalls) {
  const Schedule rate = wsd({.peak = 2, .steps = 100, .minimum = 1, .warmup = 10, .decay = 20});
  EXPECT_DOUBLE_EQ(rate.at(5), 1);
  for (double s = 10; s <= 80; s += 0.5) EXPECT_DOUBLE_EQ(rate.at(s), 2);
  EXPECT_DOUBLE_EQ(rate.at(90), 1.5);
  EXPECT_DOUBLE_EQ(rate.at(100), 1);
  EXPECT_DOUBLE_EQ(rate.at(500), 1);
  // Without warm-up, without decay, without anything between.
  EXPECT_DOUBLE_EQ(wsd({.peak = 2, .steps = 10, .decay = 5}).at(0), 2);
  EXPECT_DOUBLE_EQ(wsd({.peak = 2, .steps = 10, .warmup = 5}).at(10), 2);
  EXPECT_DOUBLE_EQ(wsd({.peak = 2, .steps = 10, .warmup = 5, .decay = 5}).at(7.5), 1);
}

TEST(Schedule, OthersAreWhatTheirNamesSay) {
  const Schedule square = polynomial({.peak = 1, .steps = 12, .minimum = 0.5, .warmup = 2, .power = 2});
  EXPECT_DOUBLE_EQ(square.at(2), 1);
  EXPECT_DOUBLE_EQ(square.at(7), 0.5 + 0.5 * 0.25);
  EXPECT_DOUBLE_EQ(square.at(20), 0.5);
  const Schedule stairs = step_decay({.start = 8, .every = 10, .factor = 0.5});
  EXPECT_DOUBLE_EQ(stairs(9), 8);
  EXPECT_DOUBLE_EQ(stairs(10), 4);
  EXPECT_DOUBLE_EQ(stairs(35), 1);
  const Schedule root = inverse_power({.start = 6, .scale = 2});
  EXPECT_DOUBLE_EQ(root.at(6), 3);
  const Schedule levels = piecewise({{.value = 1, .steps = 3}, {.value = 5, .steps = 2}, {.value = 2}});
  EXPECT_EQ(levels.values(7), (std::vector<double>{1, 1, 1, 5, 5, 2, 2}));
  const Schedule restarts =
      chain({{cosine({.peak = 1, .steps = 10}), 10}, {0.5 * cosine({.peak = 1, .steps = 20}), 20}});
  EXPECT_NEAR(restarts.at(9.999), 0, 1e-6);
  EXPECT_DOUBLE_EQ(restarts.at(10), 0.5);
  EXPECT_DOUBLE_EQ(restarts.at(20), 0.25);
  EXPECT_DOUBLE_EQ((3 * stairs)(12), 12);
  // A chain cuts what is longer than its place, chains included.
  const Schedule cut = chain({{levels, 4}, {7, 1}});
  EXPECT_EQ(cut.values(6), (std::vector<double>{1, 1, 1, 5, 7, 7}));
}

// Gauss-Legendre with 5 points on pieces of a hundredth of a step.
double quadrature(const std::function<double(double)>& f, double t) {
  constexpr double x[] = {0, 0.5384693101056831, 0.9061798459386640};
  constexpr double w[] = {0.5688888888888889, 0.4786286704993665, 0.2369268850561891};
  const int pieces = static_cast<int>(std::lround(t * 100));
  double sum = 0, compensation = 0;
  for (int i = 0; i < pieces; ++i) {
    const double half = t / pieces / 2, middle = (2 * i + 1) * half;
    double part = w[0] * f(middle);
    for (int k = 1; k < 3; ++k) part += w[k] * (f(middle - half * x[k]) + f(middle + half * x[k]));
    const double term = part * half - compensation, next = sum + term;
    compensation = (next - sum) - term;
    sum = next;
  }
  return sum;
}

struct Named {
  std::string name;
  Schedule schedule;
};

std::vector<Named> all_schedules() {
  return {{"constant", 0.7},
          {"linear", linear({.from = 1, .to = 0.1, .steps = 60})},
          {"warmup", linear({.from = 0, .to = 1, .steps = 60})},
          {"cosine", cosine({.peak = 1, .steps = 80, .minimum = 0.1, .warmup = 7})},
          {"wsd", wsd({.peak = 1, .steps = 80, .minimum = 0.05, .warmup = 4, .decay = 16})},
          {"polynomial", polynomial({.peak = 1, .steps = 80, .minimum = 0.2, .warmup = 5, .power = 3})},
          {"stairs", step_decay({.start = 1, .every = 7, .factor = 0.6})},
          {"flat_stairs", step_decay({.start = 1, .every = 7, .factor = 1})},
          {"inverse_root", inverse_power({.start = 1, .scale = 3})},
          {"inverse", inverse_power({.start = 1, .power = 1, .scale = 3})},
          {"inverse_square", inverse_power({.start = 1, .power = 2, .scale = 3})},
          {"piecewise", piecewise({{.value = 1, .steps = 9}, {.value = 0.2, .steps = 30}, {.value = 0.5}})},
          {"chain", 2 * chain({{cosine({.peak = 1, .steps = 30, .minimum = 0.3}), 20},
                               {step_decay({.start = 0.4, .every = 13})}})}};
}

class Integrals : public testing::TestWithParam<Named> {};

TEST_P(Integrals, AreQuadrature) {
  const Schedule& s = GetParam().schedule;
  for (const double t : {0.0, 0.25, 1.0, 3.5, 9.0, 40.0, 80.0, 97.0}) {
    EXPECT_NEAR(s.integral(t), quadrature([&](double x) { return s.at(x); }, t), 1e-10 * (1 + t)) << t;
    EXPECT_NEAR(s.square_integral(t), quadrature([&](double x) { return s.at(x) * s.at(x); }, t), 1e-10 * (1 + t)) << t;
  }
}

TEST_P(Integrals, AreCloseToSums) {
  const Schedule& s = GetParam().schedule;
  double sum = 0, squares = 0, largest = 0;
  for (int64_t k = 0; k < 97; ++k) {
    EXPECT_DOUBLE_EQ(s.values(97)[static_cast<size_t>(k)], s(k));
    sum += s(k);
    squares += s(k) * s(k);
    largest = std::max(largest, s.at(static_cast<double>(k)));
  }
  EXPECT_DOUBLE_EQ(s.sum(97), sum);
  EXPECT_DOUBLE_EQ(s.square_sum(97), squares);
  EXPECT_NEAR(s.maximum(), largest, 1e-12);
  EXPECT_NEAR(sum, s.integral(97), 0.01 * sum);
  EXPECT_NEAR(squares, s.square_integral(97), 0.06 * squares);  // (1 + s/3)^−4 falls by half within a step
}

INSTANTIATE_TEST_SUITE_P(Schedules, Integrals, testing::ValuesIn(all_schedules()),
                         [](const auto& info) { return info.param.name; });

// The formulas that the document gives for κ/λ and ν (rows D-21 to D-23).
TEST(Schedule, IntegralsAreTheDocuments) {
  const double t = 1000, a = 3e-4, b = 7e-5;
  const Schedule line = linear({.from = a, .to = b, .steps = 1000});
  EXPECT_NEAR(line.integral(t), (a + b) * t / 2, 1e-15);
  EXPECT_NEAR(line.square_integral(t), (a * a + a * b + b * b) * t / 3, 1e-18);
  const Schedule wave = cosine({.peak = a, .steps = 1000, .minimum = b});
  EXPECT_NEAR(wave.integral(t), (a + b) * t / 2, 1e-15);
  EXPECT_NEAR(wave.square_integral(t), (3 * b * b + 2 * a * b + 3 * a * a) * t / 8, 1e-18);
  for (const auto& [t1, t2] : {std::pair{50, 800}, std::pair{0, 1000}, std::pair{0, 300}, std::pair{500, 500}}) {
    const Schedule s = wsd({.peak = a, .steps = 1000, .warmup = t1, .decay = 1000 - t2});
    EXPECT_NEAR(s.integral(t), a * (t + t2 - t1) / 2, 1e-15) << t1 << " " << t2;
    EXPECT_NEAR(s.square_integral(t), a * a * (t + 2 * t2 - 2 * t1) / 3, 1e-18) << t1 << " " << t2;
  }
  // What updates at the middle of their steps bring: a cosine's sums are its integrals.
  EXPECT_NEAR(wave.sum(1000), wave.integral(t), 1e-14);
  EXPECT_NEAR(wave.square_sum(1000), wave.square_integral(t), 1e-17);
}

// Where differences of powers close to 1 would cancel: the series in x/length and in 1 − factor.
TEST(Schedule, IntegralsKeepTheirDigits) {
  const double length = 1e9, x = length / 1e7;
  const Schedule slow = polynomial({.peak = 1, .steps = 1000000000, .power = 3});
  EXPECT_NEAR(slow.integral(100) / (x * (1 - 1.5 * x / length)), 1, 1e-13);
  EXPECT_NEAR(slow.square_integral(100) / (x * (1 - 3 * x / length)), 1, 1e-13);
  const double d = 1e-10;
  const Schedule stairs = step_decay({.start = 1, .every = 1, .factor = 1 - d});
  EXPECT_NEAR(stairs.integral(10) / (10 - 45 * d), 1, 1e-13);
  EXPECT_NEAR(stairs.square_integral(10) / (10 - 90 * d), 1, 1e-13);
}

TEST(Schedule, OneStepTrains) {
  EXPECT_GT(cosine({.peak = 1, .steps = 1})(0), 0.4);
  EXPECT_GT(linear({.from = 1, .to = 0, .steps = 1})(0), 0.4);
  EXPECT_GT(polynomial({.peak = 1, .steps = 1, .warmup = 1})(0), 0.4);
}

TEST(Schedule, RefusesContradictions) {
  expect_error([] { Schedule(1.0)(-1); }, "steps count from 0");
  expect_error([] { Schedule(1.0).at(-0.5); }, "time counts from 0");
  expect_error([] { Schedule(1.0).at(NAN); }, "time counts from 0");
  expect_error([] { linear({.from = 1, .steps = 4}).integral(INFINITY); }, "a finite time, got inf");
  expect_error([] { Schedule(1.0).sum(-1); }, "steps count from 0");
  expect_error([] { Schedule s = -1e-3; }, "not negative, got -0.001");
  expect_error([] { Schedule s = NAN; }, "got nan");
  expect_error([] { return -1 * Schedule(1); }, "a factor");
  expect_error([] { cosine({.peak = 1}); }, "do not fit into 0 steps");
  expect_error([] { cosine({.peak = 1, .steps = 10, .warmup = 11}); }, "11 steps of warm-up");
  expect_error([] { cosine({.peak = 1, .steps = 10, .minimum = 2}); }, "the minimum, 2, is above the peak, 1");
  expect_error([] { polynomial({.peak = NAN, .steps = 10}); }, "the peak");
  expect_error([] { polynomial({.peak = 1, .steps = 10, .power = -1}); }, "the power");
  expect_error([] { wsd({.peak = 1, .steps = 10, .warmup = 5, .decay = 6}); }, "6 of decay");
  expect_error([] { linear({.from = 1}); }, "at least one step, got 0");
  expect_error([] { linear({.from = -1, .steps = 4}); }, "the value from");
  expect_error([] { step_decay({.every = 0}); }, "at least 1 step");
  expect_error([] { step_decay({.every = 3, .factor = 1.5}); }, "(0, 1]");
  expect_error([] { inverse_power({.scale = 0}); }, "the scale must be positive");
  expect_error([] { piecewise({}); }, "at least one level");
  expect_error([] { chain({}); }, "at least one schedule");
  expect_error([] { chain({{1.0, 0}, {2.0}}); }, "schedule 0 of 2 lasts 0 steps");
}

}  // namespace
}  // namespace gg::optim_test
