// optim/ema.h against its recurrence.
#include <gtest/gtest.h>

#include "autograd/autograd.h"
#include "ops/ops.h"
#include "optim/optim.h"
#include "tests/errors.h"

namespace gg::optim {
namespace {

void set(const Tensor& p, double value) {
  const NoGrad off;
  copy_(p, full(p.shape(), value, p.options()));
}

TEST(Ema, FollowsItsRecurrence) {
  const Tensor p = full({3}, 1, {f64}).requires_grad_();
  ExponentialMovingAverage average({p}, {.decay = 0.75});
  double expected = 1;
  for (double value : {2., -4., 8.}) {
    set(p, value);
    average.update();
    expected = 0.75 * expected + 0.25 * value;
    EXPECT_NEAR(average.averages()[0].to_vector<double>()[1], expected, 1e-15);
  }
  EXPECT_EQ(average.updates(), 3);
  EXPECT_EQ(p.to_vector<double>()[0], 8);
}

TEST(Ema, WarmsUp) {
  const Tensor p = full({1}, 0, {f64}).requires_grad_();
  ExponentialMovingAverage average({p}, {.decay = 0.999, .warm_up = true});
  set(p, 1);
  average.update();
  EXPECT_NEAR(average.averages()[0].item(), 1 - 2. / 11, 1e-15);
}

TEST(Ema, IsInUseForAScope) {
  const Tensor p = full({2}, 1).requires_grad_();
  ExponentialMovingAverage average({p}, {.decay = 0.5});
  set(p, 3);
  average.update();
  {
    const auto in_use = average.applied();
    EXPECT_EQ(p.to_vector<float>()[0], 2);
    EXPECT_TRUE(p.requires_grad());
    expect_error([&] { average.update(); }, "in use");
    expect_error([&] { const auto again = average.applied(); }, "in use already");
  }
  EXPECT_EQ(p.to_vector<float>()[0], 3);
  average.update();
  EXPECT_EQ(average.averages()[0].to_vector<float>()[0], 2.5f);
}

TEST(Ema, GoesOnFromItsState) {
  const Tensor p = full({2}, 1).requires_grad_(), q = full({2}, 7).requires_grad_();
  ExponentialMovingAverage first({p}, {.decay = 0.5, .warm_up = true}), second({q}, {.decay = 0.5, .warm_up = true});
  for (int i = 0; i < 5; ++i) first.update();
  second.load_state_dict(first.state_dict());
  set(p, 4), set(q, 4);
  first.update(), second.update();
  EXPECT_EQ(first.averages()[0].to_vector<float>(), second.averages()[0].to_vector<float>());
  EXPECT_EQ(second.updates(), 6);
}

TEST(Ema, RefusesWhatDoesNotFit) {
  const Tensor p = full({2}, 1).requires_grad_();
  expect_error([&] { ExponentialMovingAverage({p}, {.decay = 1}); }, "decay must be in [0, 1), got 1");
  expect_error([&] { ExponentialMovingAverage({Tensor()}); }, "floating");
  ExponentialMovingAverage average({p});
  TensorMap state = average.state_dict();
  state["0"] = ones({3});
  state["5"] = ones({3});
  expect_error([&] { average.load_state_dict(state); }, "wrong: 0: expected float32 [2], got float32 [3]");
  expect_error([&] { average.load_state_dict(state); }, "unexpected: 5");
  expect_error([&] { average.load_state_dict({}); }, "missing: updates");
}

}  // namespace
}  // namespace gg::optim
