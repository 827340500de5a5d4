// Learning-rate schedules against their closed forms.
#include "optim/schedule.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numbers>
#include <string>

#include "core/error.h"

namespace gg::optim_test {
namespace {

using namespace gg::optim;

TEST(Schedule, ConstantWarmsUp) {
  ConstantLr rate{.peak = 0.4, .warmup = 4};
  for (int64_t step = 0; step < 4; ++step) EXPECT_DOUBLE_EQ(rate(step), 0.1 * static_cast<double>(step + 1));
  EXPECT_DOUBLE_EQ(rate(4), 0.4);
  EXPECT_DOUBLE_EQ(rate(1000000), 0.4);
  EXPECT_DOUBLE_EQ(ConstantLr{.peak = 0.3}(0), 0.3);
}

TEST(Schedule, LinearEndsAtTheMinimum) {
  LinearLr rate{.peak = 1, .steps = 11, .minimum = 0.5};
  for (int64_t step = 0; step < 11; ++step) EXPECT_DOUBLE_EQ(rate(step), 1 - 0.05 * static_cast<double>(step));
  EXPECT_DOUBLE_EQ(rate(50), 0.5);
  LinearLr warm{.peak = 1, .steps = 12, .warmup = 2};
  EXPECT_DOUBLE_EQ(warm(0), 0.5);
  EXPECT_DOUBLE_EQ(warm(1), 1);
  EXPECT_DOUBLE_EQ(warm(2), 1);
  EXPECT_DOUBLE_EQ(warm(11), 0);
}

TEST(Schedule, CosineIsHalfAWave) {
  CosineLr rate{.peak = 3e-4, .steps = 201, .minimum = 1e-5, .warmup = 100};
  EXPECT_DOUBLE_EQ(rate(0), 3e-6);
  EXPECT_DOUBLE_EQ(rate(99), 3e-4);
  EXPECT_DOUBLE_EQ(rate(100), 3e-4);
  EXPECT_DOUBLE_EQ(rate(150), 1e-5 + 2.9e-4 / 2);
  EXPECT_DOUBLE_EQ(rate(125), 1e-5 + 2.9e-4 * (1 + std::sqrt(0.5)) / 2);
  EXPECT_DOUBLE_EQ(rate(200), 1e-5);
  EXPECT_DOUBLE_EQ(rate(300), 1e-5);
}

TEST(Schedule, WsdIsFlatThenFalls) {
  WsdLr rate{.peak = 2, .steps = 100, .minimum = 1, .warmup = 10, .decay = 20};
  EXPECT_DOUBLE_EQ(rate(4), 1);
  for (int64_t step = 9; step < 80; ++step) EXPECT_DOUBLE_EQ(rate(step), 2);
  EXPECT_DOUBLE_EQ(rate(89), 1.5);
  EXPECT_DOUBLE_EQ(rate(99), 1);
  EXPECT_DOUBLE_EQ(rate(500), 1);
}

TEST(Schedule, OneStepTrains) {
  EXPECT_DOUBLE_EQ((LinearLr{.peak = 1, .steps = 1}(0)), 1);
  EXPECT_DOUBLE_EQ((CosineLr{.peak = 1, .steps = 1}(0)), 1);
}

TEST(Schedule, RefusesContradictions) {
  auto refuses = [](auto schedule, int64_t step, const std::string& part) {
    try {
      schedule(step);
      ADD_FAILURE() << "expected an error with '" << part << "'";
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
    }
  };
  refuses(ConstantLr{}, -1, "steps count from 0");
  refuses(CosineLr{.peak = 1}, 0, "do not fit into 0 steps");
  refuses(CosineLr{.peak = 1, .steps = 10, .warmup = 11}, 0, "11 steps of warm-up");
  refuses(LinearLr{.peak = 1, .steps = 10, .minimum = 2}, 0, "minimum 2");
  refuses(LinearLr{.peak = -1, .steps = 10, .minimum = -2}, 0, "minimum");
  refuses(LinearLr{.peak = NAN, .steps = 10}, 0, "peak nan");
  refuses(WsdLr{.peak = 1, .steps = 10, .warmup = 5, .decay = 6}, 0, "6 of decay");
}

}  // namespace
}  // namespace gg::optim_test
