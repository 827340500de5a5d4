// The probe against numbers worked out by hand, and the measured moments of gradients against the true ones.
#include "optim/weight_rms_probe.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/dispatch.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/shape.h"
#include "optim/optim.h"
#include "tests/errors.h"

namespace gg::optim_test {
namespace {

using namespace gg::optim;

TEST(WeightRmsProbe, RecordsWeightUpdateAndGradient) {
  Tensor a = from_vector(std::vector<double>{3, 4}, {2}).requires_grad_();
  Tensor b = from_vector(std::vector<double>{1}, {1}).requires_grad_();
  AdamW optimizer(std::vector<AdamW::Group>{{{a}, {.lr = 0.1, .weight_decay = 0.5}}, {{b}, {.lr = 0.2}}});
  WeightRmsProbe probe({{"a", a}, {"b", b}}, {.every = 2});
  for (int step = 0; step < 5; ++step) {
    a.set_grad(from_vector(std::vector<double>{6, -8}, {2}));
    probe.step(optimizer);
  }
  ASSERT_EQ(probe.records().size(), 3U);  // steps 1, 3, 5
  const auto& first = probe.records()[0];
  EXPECT_EQ(first.step, 1);
  EXPECT_EQ(first.lr, 0.1);
  // Adam's first update is the sign, whatever the gradient: u = ±1, behind a decay of 0.05.
  EXPECT_NEAR(first.weight[0], std::sqrt((std::pow(3 * 0.95 - 0.1, 2) + std::pow(4 * 0.95 + 0.1, 2)) / 2), 1e-8);
  EXPECT_NEAR(first.update[0], 1, 1e-7);
  EXPECT_NEAR(first.gradient[0], std::sqrt(50.0), 1e-12);
  EXPECT_EQ(first.weight[1], 1);
  EXPECT_EQ(probe.records()[2].step, 5);
  EXPECT_EQ(probe.weights()[0], probe.records()[2].weight[0]);
  EXPECT_TRUE(std::isnan(first.gradient[1]));
}

TEST(WeightRmsProbe, TakesARateAsOptimisersDo) {
  Tensor a = ones({2}).requires_grad_(), b = ones({2}).requires_grad_();
  AdamW optimizer(std::vector<AdamW::Group>{{{a}, {.weight_decay = 0}}, {{b}, {.weight_decay = 0, .lr_scale = 10}}});
  WeightRmsProbe probe({{"a", a}, {"b", b}});
  for (const Tensor& p : {a, b}) p.set_grad(ones({2}));
  probe.step(optimizer, 0.01);
  EXPECT_EQ(probe.records()[0].lr, 0.01);
  EXPECT_NEAR(probe.records()[0].weight[0], 0.99, 1e-6);
  EXPECT_NEAR(probe.records()[0].weight[1], 0.9, 1e-6);
  EXPECT_NEAR(probe.records()[0].update[1], 1, 1e-5);
}

TEST(WeightRmsProbe, ChangesNothingAndShowsNaN) {
  const auto train = [](bool probed) {
    manual_seed(4);
    Tensor p = randn({100}).requires_grad_();
    SGD optimizer({p}, {.lr = 0.1, .momentum = 0.9, .weight_decay = 0.1});
    WeightRmsProbe probe({{"p", p}}, {.every = 1});
    for (int step = 0; step < 10; ++step) {
      p.set_grad(randn({100}));
      probed ? probe.step(optimizer) : optimizer.step();
    }
    return p.to_vector<float>();
  };
  EXPECT_EQ(train(true), train(false));
  // A NaN in a gradient is not hidden: the record has it, and so have the weights.
  Tensor p = ones({3}).requires_grad_();
  AdamW optimizer({p});
  WeightRmsProbe probe({{"p", p}});
  p.set_grad(full({3}, NAN));
  probe.step(optimizer);
  EXPECT_TRUE(std::isnan(probe.records()[0].gradient[0]));
  EXPECT_TRUE(std::isnan(probe.records()[0].weight[0]));
}

TEST(WeightRmsProbe, StepsWithoutARecordCostNothing) {
  Tensor p = randn({100}).requires_grad_();
  p.set_grad(randn({100}));
  AdamW optimizer({p});
  optimizer.step();  // makes its state
  WeightRmsProbe probe({{"p", p}}, {.every = 3});
  static int calls;
  std::vector<int> kernels;
  for (int step = 0; step < 4; ++step) {
    calls = 0;
    kernel_observer = [](const KernelCall&, bool begin) { calls += begin; };
    probe.step(optimizer);
    kernel_observer = nullptr;
    kernels.push_back(calls);
  }
  EXPECT_GT(kernels[0], 1);
  EXPECT_EQ(kernels[1], 1) << "the update itself";
  EXPECT_EQ(kernels[2], 1);
  EXPECT_EQ(kernels[3], kernels[0]);
}

TEST(WeightRmsProbe, RefusesWhatItCannotRecord) {
  Tensor p = ones({3}).requires_grad_(), q = ones({3}).requires_grad_();
  AdamW optimizer({p});
  expect_error([] { WeightRmsProbe probe({}); }, "no parameters");
  expect_error([&] { WeightRmsProbe probe({{"p", p}}, {.every = 0}); }, "at least 1 step");
  WeightRmsProbe probe({{"q", q}});
  expect_error([&] { probe.step(optimizer); }, "does not have q");
}

TEST(GradientMoments, MeasuresMeanAndDeviation) {
  Generator generator(1);
  Tensor p = zeros({2000}).requires_grad_(), pure = zeros({2000}).requires_grad_(), half = zeros({10}).requires_grad_();
  GradientMoments moments({p, pure, half});
  expect_error([&] { moments.of(0); }, "at least 2 steps");
  const Tensor some = from_vector(std::vector<float>{1, 1, 1, 1, 1, 0, 0, 0, 0, 0}, {10});
  for (int step = 0; step < 200; ++step) {
    p.set_grad(0.2 * (randn({2000}, {}, generator) + 0.5));
    pure.set_grad(randn({2000}, {}, generator));
    half.set_grad(some * randn({10}, {}, generator));
    moments.add();
  }
  EXPECT_NEAR(moments.of(0).mean_to_noise, 0.25, 0.01);
  EXPECT_NEAR(moments.of(0).mean_to_noise_by_number, 0.25, 0.01);
  EXPECT_NEAR(moments.of(0).deviation, 0.2, 0.002);
  EXPECT_EQ(moments.of(0).live, 1);
  EXPECT_LT(moments.of(1).mean_to_noise, 1e-3);  // the noise of the mean alone would give 1/200
  EXPECT_EQ(moments.of(2).live, 0.5);
}

TEST(GradientMoments, GoOnFromTheirState) {
  Generator generator(2);
  Tensor p = zeros({50}).requires_grad_();
  GradientMoments whole({p}), first({p}), second({p});
  TensorMap saved;
  for (int step = 0; step < 9; ++step) {
    p.set_grad(randn({50}, {}, generator));
    whole.add();
    (step < 4 ? first : second).add();
    if (step != 3) continue;
    for (const auto& [name, t] : first.state_dict()) saved[name] = clone(t);
    second.load_state_dict(saved);
  }
  EXPECT_EQ(second.steps(), 9);
  EXPECT_EQ(second.of(0).mean_to_noise, whole.of(0).mean_to_noise);
  EXPECT_EQ(second.of(0).deviation, whole.of(0).deviation);
  saved["0.sum"] = zeros({51});
  expect_error([&] { second.load_state_dict(saved); }, "does not fit 1 parameters");
  EXPECT_EQ(second.steps(), 9);
}

}  // namespace
}  // namespace gg::optim_test
