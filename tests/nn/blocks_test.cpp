// Blocks of networks: shapes, names, gradients down to the input, and what they refuse.
#include <gtest/gtest.h>

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "autograd/autograd.h"
#include "autograd/functional/gradcheck.h"
#include "core/grad_mode.h"
#include "nn/blocks/blocks.h"
#include "nn/nn.h"
#include "ops/copy.h"
#include "ops/creation.h"
#include "ops/reduce.h"
#include "tests/errors.h"
#include "tests/golden.h"
#include "tests/nn/difference.h"
#include "tests/nn/golden_cases.h"

namespace gg::nn_test {
namespace {

bool has(const nn::Module& m, const std::string& name) { return m.state_dict().contains(name); }

// First and second derivatives in float64 with respect to what goes in. A smooth function stands behind.
template <class M, class... Shapes>
void expect_gradients(const M& module, const Shapes&... shapes) {
  module.to(f64);
  module.eval();  // the statistics of a batch would hide what single elements do
  manual_seed(11);
  const std::vector<Tensor> in = {randn(shapes, {f64}).requires_grad_()...};
  auto call = [&](std::span<const Tensor> x) {
    return [&]<size_t... I>(std::index_sequence<I...>) { return module(x[I]...); }
    (std::index_sequence_for<Shapes...>());
  };
  const GradcheckResult result =
      gradcheck([&](std::span<const Tensor> x) { return mean(square(call(x))); }, in, {.order = 2});
  EXPECT_TRUE(result.ok) << module.description() << ": " << result.message;
  for (const Tensor& g : grad(sum(square(call(in))), in)) EXPECT_GT(max(abs(g)).item(), 0) << module.description();
}

TEST(Residual, Shapes) {
  manual_seed(1);
  nn::BasicBlock same(4, 4), half(4, 6, {.stride = 2});
  EXPECT_EQ(same(ones({2, 4, 6, 5})).shape(), (Shape{2, 4, 6, 5}));
  EXPECT_EQ(half(ones({2, 4, 6, 5})).shape(), (Shape{2, 6, 3, 3}));
  EXPECT_FALSE(has(same, "downsample.0.weight"));
  for (const char* name :
       {"conv1.weight", "bn1.running_mean", "conv2.weight", "bn2.bias", "downsample.0.weight", "downsample.1.weight"}) {
    EXPECT_TRUE(has(half, name)) << name;
  }
  EXPECT_FALSE(has(half, "conv1.bias"));
  EXPECT_EQ(half.description(), "BasicBlock(4, 6, stride = 2)");
  EXPECT_EQ(nn::PreActBlock(4, 6, {.stride = 2})(ones({2, 4, 6, 5})).shape(), (Shape{2, 6, 3, 3}));
  EXPECT_FALSE(has(nn::PreActBlock(4, 4), "downsample.0.weight"));
  expect_error([&] { same(ones({2, 3, 6, 5})); }, "input channels");
}

TEST(Residual, AsPyTorchComputesIt) {
  const json golden = read_golden("blocks");
  nn::BasicBlock same(2, 2), half(2, 3, {.stride = 2});
  auto call = [](const nn::BasicBlock& block) {
    return [block](const std::vector<Tensor>& in) { return std::vector<Tensor>{block(in[0])}; };
  };
  check_case(golden, "BasicBlock", same, call(same));
  check_case(golden, "BasicBlock_half", half, call(half));
  check_case(golden, "BasicBlock_training", half, call(half));
}

TEST(Residual, GoesRound) {
  // With a last batch norm of weight 0 only the way round is left.
  manual_seed(2);
  Tensor x = randn({2, 3, 4, 4});
  nn::BasicBlock block(3, 3);
  block.bn2.weight = zeros({3});
  EXPECT_EQ(largest_difference(block(x), relu(x)), 0);
  nn::PreActBlock active(3, 3);
  active.conv2.weight = zeros({3, 3, 3, 3});
  EXPECT_EQ(largest_difference(active(x), x), 0) << "nothing stands in the way";
}

TEST(UNet, Shapes) {
  manual_seed(3);
  for (nn::UNetUpsampling up : {nn::UNetUpsampling::transposed, nn::UNetUpsampling::bilinear}) {
    nn::UNet net(3, 2, {.channels = 4, .depth = 2, .upsampling = up});
    for (const Shape& s : {Shape{1, 3, 8, 12}, Shape{2, 3, 7, 5}, Shape{2, 3, 4, 4}}) {
      EXPECT_EQ(net(randn(s)).shape(), (Shape{s[0], 2, s[2], s[3]}));
    }
    for (const char* name : {"first.layers.0.weight", "down2.conv.layers.3.weight", "up1.up.0.weight",
                             "up2.conv.layers.0.weight", "last.bias"}) {
      EXPECT_TRUE(has(net, name)) << name;
    }
    EXPECT_EQ(net.state_dict().at("down2.conv.layers.0.weight").shape(), (Shape{16, 8, 3, 3}));
    EXPECT_EQ(net.state_dict().at("up1.conv.layers.0.weight").shape(), (Shape{8, 16, 3, 3}));
    expect_error([&] { net(ones({1, 3, 3, 8})); }, "height and width at least 4, got [1,3,3,8]");
  }
  expect_error([] { nn::UNet(3, 2, {.depth = 0}); }, "the depth must be from 1");
  nn::UNetUp up(4, 2, 3);
  expect_error(
      [&] {
        up(ones({1, 4, 3, 3}), ones({1, 2, 8, 6}));
      },
      "one of half its size, got [1,2,8,6] and [1,4,3,3]");
  expect_error([] { nn::UNetUp(3, 2, 3); }, "must be even");
  expect_error([] { nn::UNetUp(1, 1, 1); }, "UNetUp: the channels of what is made larger must be even and at least 2");
  expect_error([] { nn::UNetUp(2, 0, 1); }, "UNetUp: expected at least one channel straight across");
  expect_error([] { nn::UNet(0, 1); }, "UNet: expected at least one channel, got 0 of the input");
  expect_error([] { nn::UNet(1, 1, {.channels = 0}); }, "0 of the first level");
}

TEST(UNet, OnePixelInnermost) {
  nn::UNet net(1, 1, {.channels = 2, .depth = 2});
  expect_error([&] { net(ones({1, 1, 4, 7})); }, "the innermost block (down2) would see one pixel of [1,1,4,7]");
  EXPECT_NO_THROW(net(ones({2, 1, 4, 4})));
  EXPECT_NO_THROW(net(ones({1, 1, 4, 8})));
  net.eval();
  EXPECT_NO_THROW(net(ones({1, 1, 4, 4})));
}

TEST(UNet, SeesDetailsAndTheWhole) {
  manual_seed(4);
  nn::UNet net(1, 1, {.channels = 8, .depth = 3});
  net.eval();
  Tensor x = randn({1, 1, 32, 32}).requires_grad_();
  auto seen = [&](int64_t column) {  // by the middle of the result, in its row
    Tensor g = grad(select(select(flatten(net(x), 0, 1), 1, 16), 1, 16), x);
    return g.to_vector<float>()[static_cast<size_t>(16 * 32 + column)] != 0;
  };
  EXPECT_TRUE(seen(16));
  EXPECT_TRUE(seen(4)) << "from afar, through the deepest level";
  for (const auto& [name, p] : net.named_parameters()) {
    NoGrad off;
    if (name.find(".up.0.") != std::string::npos) copy_(Tensor(p), zeros(p.shape()));
  }
  EXPECT_TRUE(seen(16)) << "straight across";
  EXPECT_FALSE(seen(4));
}

TEST(PatchGAN, JudgesPatches) {
  manual_seed(5);
  EXPECT_EQ(nn::PatchGAN(6)(ones({1, 6, 256, 256})).shape(), (Shape{1, 1, 30, 30})) << "as in the paper's code";
  nn::PatchGAN net(1, {.channels = 2, .norm = nn::PatchNorm::none});
  net.eval();
  Tensor x = randn({1, 1, 128, 128}).requires_grad_();
  Tensor y = net(x);
  Tensor g = grad(select(select(flatten(y, 0, 1), 1, 7), 1, 7), x);
  auto v = g.to_vector<float>();
  int64_t low = 128, high = -1;
  for (int64_t i = 0; i < 128; ++i) {
    for (int64_t j = 0; j < 128; ++j) {
      if (v[static_cast<size_t>(i * 128 + j)] != 0) low = std::min(low, i), high = std::max(high, i);
    }
  }
  EXPECT_EQ(high - low + 1, 70);
  EXPECT_TRUE(has(net, "layers.2.bias"));
  nn::PatchGAN normed(3);
  EXPECT_FALSE(has(normed, "layers.2.bias"));
  EXPECT_EQ(normed.state_dict().at("layers.8.weight").shape(), (Shape{512, 256, 4, 4}));
  expect_error([&] { normed(ones({1, 4, 64, 64})); }, "expected [N, 3, H, W], got [1,4,64,64]");
  expect_error([] { nn::PatchGAN(3, {.layers = 0}); }, "positive");
}

TEST(AdaIN, TakesTheStyle) {
  manual_seed(6);
  Tensor content = randn({2, 3, 8, 8}) * 3.0 + 1.0, style = randn({2, 3, 5, 7}) * 0.5 - 4.0;
  Tensor y = nn::AdaIN()(content, style);
  EXPECT_LT(largest_difference(mean(y, {2, 3}), mean(style, {2, 3})), 1e-4);
  EXPECT_LT(largest_difference(var(y, {2, 3}, {.correction = 0}), var(style, {2, 3}, {.correction = 0})), 1e-3);
  EXPECT_LT(largest_difference(nn::AdaIN()(content, content), content), 1e-5);
  nn::StyleNorm layer(4, 3);
  layer.linear.weight = zeros({6, 4});
  layer.linear.bias = tensor({0, 0, 1, 0, 5, 0});
  Tensor styled = layer(content, ones({2, 4})), plain = instance_norm(content);
  EXPECT_LT(largest_difference(select(styled, 1, 0), select(plain, 1, 0)), 1e-6);
  EXPECT_LT(largest_difference(select(styled, 1, 1), select(plain, 1, 1) + 5.0), 1e-5);
  EXPECT_LT(largest_difference(select(styled, 1, 2), select(plain, 1, 2) * 2.0), 1e-5);
  expect_error([&] { layer(content, ones({3, 4})); }, "[2,3,8,8] and [3,4]");
}

TEST(Blocks, GradientsToTheInput) {
  manual_seed(7);
  expect_gradients(nn::BasicBlock(2, 3, {.stride = 2}), Shape{1, 2, 4, 4});
  expect_gradients(nn::PreActBlock(2, 2), Shape{1, 2, 3, 4});
  expect_gradients(nn::UNet(1, 1, {.channels = 2, .depth = 1}), Shape{1, 1, 5, 4});
  expect_gradients(nn::UNet(1, 1, {.channels = 2, .depth = 1, .upsampling = nn::UNetUpsampling::bilinear}),
                   Shape{1, 1, 5, 4});
  expect_gradients(nn::PatchGAN(1, {.channels = 2, .layers = 1, .norm = nn::PatchNorm::instance}), Shape{1, 1, 16, 16});
  expect_gradients(nn::PatchGAN(1, {.channels = 2, .layers = 1, .norm = nn::PatchNorm::batch}), Shape{1, 1, 16, 16});
  expect_gradients(nn::AdaIN(), Shape{2, 2, 2, 3}, Shape{2, 2, 3, 2});
  expect_gradients(nn::StyleNorm(3, 2), Shape{2, 2, 2, 3}, Shape{2, 3});
}

}  // namespace
}  // namespace gg::nn_test
