// Layers around a weight that is made of other numbers.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "autograd/autograd.h"
#include "core/grad_mode.h"
#include "nn/nn.h"
#include "ops/copy.h"
#include "ops/creation.h"
#include "ops/matmul.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "optim/optim.h"
#include "tests/errors.h"
#include "tests/nn/difference.h"

namespace gg::nn_test {
namespace {

std::vector<std::string> names(const nn::Module& m) {
  std::vector<std::string> all;
  for (const auto& [name, t] : m.state_dict()) all.push_back(name);
  std::sort(all.begin(), all.end());
  return all;
}

TEST(SpectralNorm, DividesByTheLargestSingularValue) {
  manual_seed(1);
  nn::Linear plain(2, 2, {.bias = false});
  // [[3, 1], [1, 3]]: singular values 4 and 2.
  plain.weight = tensor({{3, 1}, {1, 3}});
  nn::SpectralNorm layer(plain);
  EXPECT_LT(largest_difference(layer.weight(), tensor({{0.75, 0.25}, {0.25, 0.75}})), 1e-5);
  EXPECT_LT(largest_difference(layer(tensor({{1, 0}})), tensor({{0.75, 0.25}})), 1e-5);
  // The gradient of σ is u vᵀ: with the weight scaled, nothing changes.
  EXPECT_NEAR(sum(grad(sum(layer.weight()), layer.weight_orig) * layer.weight_orig).item(), 0, 1e-5);
}

TEST(SpectralNorm, FollowsTheWeightInTrainingOnly) {
  manual_seed(2);
  nn::Sequential net{nn::SpectralNorm(nn::Conv2d(2, 3, 3), {.power_iterations = 3})};
  Tensor x = randn({1, 2, 4, 4});
  EXPECT_EQ(names(net), (std::vector<std::string>{"0.bias", "0.weight_orig", "0.weight_u", "0.weight_v"}));
  EXPECT_EQ(net.parameters().size(), 2u);
  {
    NoGrad off;
    Tensor w = net.state_dict().at("0.weight_orig");
    copy_(w, randn({3, 2, 3, 3}));
  }
  net.eval();
  Tensor before = clone(net.state_dict().at("0.weight_u"));
  net(x);
  EXPECT_EQ(largest_difference(net.state_dict().at("0.weight_u"), before), 0);
  net.train();
  for (int i = 0; i < 30; ++i) net(x);
  EXPECT_GT(largest_difference(net.state_dict().at("0.weight_u"), before), 1e-3);
  // The largest singular value is found: u and v do not move any more, and w v = σ u.
  Tensor w = reshape(net.state_dict().at("0.weight_orig"), {3, 18});
  Tensor u = net.state_dict().at("0.weight_u"), v = net.state_dict().at("0.weight_v");
  Tensor wv = matmul(w, v);
  EXPECT_LT(largest_difference(wv, u * sum(u * wv)), 1e-4);
  EXPECT_NEAR(sum(square(u)).item(), 1, 1e-5);
}

TEST(SpectralNorm, TwoPassesThenBackwardAndTwice) {
  manual_seed(3);
  nn::SpectralNorm layer(nn::Linear(4, 3));
  Tensor a = randn({2, 4}).requires_grad_(), b = randn({2, 4});
  Tensor loss = sum(square(layer(a))) + sum(layer(b));  // the second pass writes into u and v
  EXPECT_NO_THROW(loss.backward());
  EXPECT_TRUE(layer.weight_orig.grad().defined());
  // A gradient penalty, as a critic has it.
  Tensor slope = grad(sum(square(layer(a))), a, {.create_graph = true});
  Tensor penalty = mean(square(sqrt(sum(square(slope), 1)) - 1.0));
  Tensor g = grad(penalty, layer.weight_orig);
  EXPECT_GT(max(abs(g)).item(), 1e-4);
}

TEST(SpectralNorm, StateAndTransposedConvolutions) {
  manual_seed(4);
  nn::SpectralNorm layer(nn::ConvTranspose2d(4, 3, 2, {.stride = 2}, {.bias = false}));
  EXPECT_EQ(layer.weight_u.shape(), (Shape{3})) << "a row for each output";
  EXPECT_EQ(layer.weight_v.shape(), (Shape{16}));
  EXPECT_EQ(layer(ones({1, 4, 3, 3})).shape(), (Shape{1, 3, 6, 6}));
  nn::SpectralNorm other(nn::ConvTranspose2d(4, 3, 2, {.stride = 2}, {.bias = false}));
  other.load_state_dict(layer.state_dict());
  layer.eval();
  other.eval();
  Tensor x = randn({2, 4, 3, 3});
  EXPECT_EQ(largest_difference(layer(x), other(x)), 0);
  EXPECT_EQ(layer.description(), "SpectralNorm(ConvTranspose2d(4, 3, 2, stride = 2, bias = false))");
  expect_error([] { nn::SpectralNorm(nn::Linear(2, 2), {.power_iterations = -1}); }, "must not be negative");
}

TEST(WeightNorm, StartsAsTheLayerAndSplitsLengthFromDirection) {
  manual_seed(5);
  nn::Conv2d conv(2, 3, 3);
  nn::WeightNorm layer(conv);
  EXPECT_EQ(names(layer), (std::vector<std::string>{"bias", "weight_g", "weight_v"}));
  EXPECT_EQ(layer.weight_g.shape(), (Shape{3, 1, 1, 1}));
  Tensor x = randn({2, 2, 5, 5});
  EXPECT_LT(largest_difference(layer(x), conv(x)), 1e-5);
  layer.weight_v = layer.weight_v.detach() * 7.0;  // the direction has no length
  EXPECT_LT(largest_difference(layer(x), conv(x)), 1e-5);
  // The gradient in the direction is at right angles to it.
  Tensor g = grad(sum(square(layer(x))), layer.weight_v);
  EXPECT_LT(max(abs(sum(g * layer.weight_v, {1, 2, 3}))).item(), 1e-3);
  Tensor before = layer.weight();
  optim::Adam adam(layer.parameters(), {.lr = 0.1});
  sum(square(layer(x))).backward();
  adam.step();
  EXPECT_GT(largest_difference(layer.weight(), before), 1e-3);
}

TEST(WeightNorm, AlongAnotherAxis) {
  nn::ConvTranspose2d conv(4, 3, 2);
  EXPECT_EQ(nn::WeightNorm(conv).weight_g.shape(), (Shape{4, 1, 1, 1}));
  nn::WeightNorm layer(conv, {.axis = 1});
  EXPECT_EQ(layer.weight_g.shape(), (Shape{1, 3, 1, 1}));
  Tensor x = randn({1, 4, 3, 3});
  EXPECT_LT(largest_difference(layer(x), conv(x)), 1e-5);
}

template <class Wrapper>
void expect_independent(const Wrapper& wrapped, const nn::Linear& plain) {
  const Tensor x = randn({2, 4}), before = wrapped(x).detach(), own = plain(x).detach();
  NoGrad off;
  Tensor w = plain.weight, b = plain.bias;
  copy_(w, w * 3.0 + 1.0);
  copy_(b, b + 1.0);
  EXPECT_EQ(largest_difference(wrapped(x), before), 0) << "the layer's numbers are copied";
  const Tensor changed = plain(x);
  for (Tensor p : wrapped.parameters()) copy_(p, p * 2.0);
  EXPECT_EQ(largest_difference(plain(x), changed), 0);
}

TEST(WrappedLayers, HaveNumbersOfTheirOwnAndStayFrozen) {
  manual_seed(6);
  nn::Linear plain(4, 3);
  nn::SpectralNorm spectral(plain);
  spectral.eval();
  expect_independent(spectral, plain);
  expect_independent(nn::WeightNorm(plain), plain);
  plain.weight.requires_grad_(false);
  EXPECT_FALSE(nn::SpectralNorm(plain).weight_orig.requires_grad());
  EXPECT_TRUE(nn::SpectralNorm(plain).bias.requires_grad());
  EXPECT_FALSE(nn::WeightNorm(plain).weight_g.requires_grad());
  EXPECT_FALSE(nn::WeightNorm(plain).weight_v.requires_grad());
  EXPECT_TRUE(plain.bias.requires_grad());
  plain.bias.requires_grad_(false);
  EXPECT_EQ(nn::WeightNorm(plain).num_parameters() + nn::SpectralNorm(plain).num_parameters(), 0);
}

TEST(SpectralNorm, StaysUnderKeepStatistics) {
  manual_seed(7);
  nn::SpectralNorm layer(nn::Linear(20, 30));
  layer.weight_orig = randn({30, 20});
  const Tensor x = randn({2, 20}), u = clone(layer.weight_u), v = clone(layer.weight_v);
  {
    nn::KeepStatistics keep;
    layer(x);
  }
  EXPECT_EQ(largest_difference(layer.weight_u, u), 0);
  EXPECT_EQ(largest_difference(layer.weight_v, v), 0);
  layer(x);
  EXPECT_GT(largest_difference(layer.weight_u, u), 1e-4) << "outside of the scope they follow";
}

}  // namespace
}  // namespace gg::nn_test
