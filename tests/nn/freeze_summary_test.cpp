// nn/freeze.h and nn/summary.h.
#include <gtest/gtest.h>

#include "autograd/autograd.h"
#include "nn/nn.h"
#include "ops/ops.h"
#include "tests/errors.h"

namespace gg::nn {
namespace {

TEST(Frozen, PassesGradientsOnAndTakesNone) {
  const Linear critic(3, 1);
  Tensor x = ones({2, 3}).requires_grad_();
  {
    const Frozen constant(critic);
    EXPECT_FALSE(critic.weight.requires_grad());
    sum(critic(x)).backward();
  }
  EXPECT_TRUE(critic.weight.requires_grad());
  EXPECT_FALSE(critic.weight.grad().defined());
  ASSERT_TRUE(x.grad().defined());
  EXPECT_EQ(x.grad().to_vector<float>()[0], critic.weight.to_vector<float>()[0]);
  sum(critic(x)).backward();
  EXPECT_TRUE(critic.weight.grad().defined());
}

TEST(Frozen, LeavesWhatWasFrozenBefore) {
  const Linear layer(3, 2);
  layer.bias.requires_grad_(false);
  { const Frozen constant(layer); }
  EXPECT_TRUE(layer.weight.requires_grad());
  EXPECT_FALSE(layer.bias.requires_grad());
}

TEST(Frozen, GetsNothingFromWhatWasRecordedBefore) {
  const Linear layer(3, 1);
  const Tensor x = ones({2, 3}).requires_grad_(), loss = sum(layer(x));
  const Frozen constant(layer);
  loss.backward();
  EXPECT_FALSE(layer.weight.grad().defined());
  EXPECT_TRUE(x.grad().defined());
}

TEST(Frozen, Nests) {
  const Linear layer(3, 1);
  {
    const Frozen outer(layer);
    { const Frozen inner(layer); }
    EXPECT_FALSE(layer.weight.requires_grad());
  }
  EXPECT_TRUE(layer.weight.requires_grad());
}

struct Block : Module {
  Linear first = register_module("first", Linear(3, 4));
  BatchNorm1d norm = register_module("norm", BatchNorm1d(4));
  Parameter scale = register_parameter("scale", ones({1000, 2}));
};

TEST(Summary, HasALineForEachModuleWithNumbers) {
  Block block;
  block.first.bias.requires_grad_(false);
  const std::string text = summary(block);
  for (const char* part : {"(itself)", "scale [1000,2]", "2,000", "first", "Linear(3, 4)", "weight [4,3], bias [4]",
                           "running_mean [4]", "17",  // 4 · 4 and the counter
                           "trained: 2,020", "frozen: 4", "buffers: 9"}) {
    EXPECT_HAS(text, part);
  }
  EXPECT_HAS(text, "memory: 8 KiB");  // 4·2024 + 4·8 + 8 bytes
}

TEST(Summary, CountsTiedParametersOnce) {
  Linear a(4, 4), b(4, 4);
  b.weight = a.weight;
  const Sequential both{a, b};
  EXPECT_HAS(summary(both), "trained: 24 ");
}

TEST(Summary, OfAChainShowsWhatComesOutOfEachLayer) {
  const Sequential chain{Conv2d(1, 8, 3), ReLU(), [](const Tensor& x) { return flatten(x, 1); }, Dropout(0.5),
                         Linear(8 * 36, 10)};
  const std::string text = summary(chain, {5, 1, 8, 8});
  for (const char* part :
       {"input", "[5,1,8,8]", "[5,8,6,6]", "function", "[5,288]", "[5,10]", "2,890", "trained: 2,970"}) {
    EXPECT_HAS(text, part);
  }
  EXPECT_TRUE(chain.training());
  expect_error([&] { summary(chain, {5, 3, 8, 8}); }, "layer 0");
  EXPECT_TRUE(chain.training());
}

TEST(Summary, LeavesEachModuleItsMode) {
  const Dropout off(0.5);
  const Sequential inner{off, ReLU()}, chain{inner, Linear(3, 3)};
  off.eval();
  summary(chain, {2, 3});
  EXPECT_TRUE(chain.training());
  EXPECT_TRUE(inner.training());
  EXPECT_FALSE(off.training());
}

TEST(Summary, OfAModuleWithoutNumbers) { EXPECT_HAS(summary(Sequential{ReLU()}), "trained: 0 "); }

}  // namespace
}  // namespace gg::nn
