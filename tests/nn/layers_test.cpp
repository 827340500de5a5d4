// Layers against the operations they wrap and against PyTorch's conventions for shapes, modes and initial values.
#include <gtest/gtest.h>

#include <cmath>

#include "autograd/autograd.h"
#include "core/grad_mode.h"
#include "losses/losses.h"
#include "nn/nn.h"
#include "ops/copy.h"
#include "ops/creation.h"
#include "ops/matmul.h"
#include "ops/norm.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "optim/optim.h"
#include "tests/errors.h"
#include "tests/nn/difference.h"

namespace gg::nn_test {
namespace {

TEST(Linear, IsItsFormula) {
  nn::Linear layer(3, 2);
  copy_(layer.weight.detach(), tensor({{1, 2, 3}, {0, -1, 1}}));
  copy_(layer.bias.detach(), tensor({10, 20}));
  EXPECT_EQ(layer(tensor({{1, 1, 1}, {0, 0, 2}})).to_vector<float>(), (std::vector<float>{16, 20, 16, 22}));
  EXPECT_EQ(layer(ones({4, 5, 3})).shape(), (Shape{4, 5, 2}));
  EXPECT_FALSE(nn::Linear(3, 2, {.bias = false}).bias.defined());
  expect_error([] { nn::Linear(0, 2); }, "Linear(0, 2): sizes must be positive");
}

TEST(Embedding, LooksUpRows) {
  nn::Embedding layer(5, 2);
  Tensor out = layer(tensor({{4, 0}, {1, 1}}, {.dtype = i64}));
  EXPECT_EQ(out.shape(), (Shape{2, 2, 2}));
  std::vector<float> w = layer.weight.to_vector<float>(), o = out.to_vector<float>();
  EXPECT_EQ(o[0], w[8]);
  EXPECT_EQ(o[3], w[1]);
  EXPECT_EQ(o[7], w[3]);
}

TEST(Conv, ShapesAndParameters) {
  nn::Conv2d conv(4, 6, {3, 5}, {.stride = {2, 1}, .padding = {1, 2}, .groups = 2});
  EXPECT_EQ(conv.weight.shape(), (Shape{6, 2, 3, 5}));
  EXPECT_EQ(conv(ones({2, 4, 8, 8})).shape(), (Shape{2, 6, 4, 8}));
  EXPECT_EQ(conv.description(), "Conv2d(4, 6, (3, 5), stride = (2, 1), padding = (1, 2), groups = 2)");
  nn::ConvTranspose2d up(6, 4, 4, {.stride = 2, .padding = 1, .groups = 2}, {.bias = false});
  EXPECT_EQ(up.weight.shape(), (Shape{6, 2, 4, 4}));
  EXPECT_EQ(up(ones({2, 6, 7, 7})).shape(), (Shape{2, 4, 14, 14}));
  nn::ConvTranspose2d odd(1, 1, 3, {.stride = 2, .padding = 1, .output_padding = 1});
  EXPECT_EQ(odd(ones({1, 1, 7, 7})).shape(), (Shape{1, 1, 14, 14}));
  expect_error([] { nn::Conv2d(3, 4, 3, {.groups = 2}); }, "2 groups do not divide 3 and 4 channels");
  expect_error([] { nn::Conv2d(3, 4, 0); }, "positive");
}

TEST(Conv, AlongOneAxis) {
  nn::Conv1d conv(4, 6, 3, {.stride = 2, .padding = 1, .groups = 2});
  EXPECT_EQ(conv.weight.shape(), (Shape{6, 2, 3}));
  EXPECT_EQ(conv(ones({2, 4, 8})).shape(), (Shape{2, 6, 4}));
  EXPECT_EQ(conv.description(), "Conv1d(4, 6, 3, stride = 2, padding = 1, groups = 2)");
  nn::ConvTranspose1d up(6, 4, 4, {.stride = 2, .padding = 1}, {.bias = false});
  EXPECT_EQ(up.weight.shape(), (Shape{6, 4, 4}));
  EXPECT_EQ(up(ones({2, 6, 7})).shape(), (Shape{2, 4, 14}));
  EXPECT_EQ(up.state_dict().size(), 1u);
  EXPECT_EQ(nn::MaxPool1d(2)(ones({1, 3, 7})).shape(), (Shape{1, 3, 3}));
  EXPECT_EQ(nn::AvgPool1d(3, {.stride = 1, .padding = 1})(ones({1, 3, 7})).shape(), (Shape{1, 3, 7}));
  expect_error([] { nn::Conv1d(3, 4, 3, {.groups = 2}); }, "2 groups do not divide 3 and 4 channels");
  expect_error([&] { conv(ones({2, 4, 8, 8})); }, "[N,C,L]");
}

TEST(Conv, IsAProductOfColumns) {
  manual_seed(1);
  nn::Conv2d conv(2, 3, 3, {.stride = 2, .padding = 1}, {.bias = false});
  Tensor x = randn({2, 2, 5, 6});
  Tensor columns = nn::Unfold(3, {.stride = 2, .padding = 1})(x);
  EXPECT_EQ(columns.shape(), (Shape{2, 18, 9}));
  EXPECT_LT(largest_difference(matmul(flatten(conv.weight, 1), columns), flatten(conv(x), 2)), 1e-5);
  // Folded, each element counts the windows that see it.
  Tensor counts = nn::Fold({4, 4}, 2)(nn::Unfold(2)(ones({1, 1, 4, 4})));
  EXPECT_EQ(slice(flatten(counts), 0, 0, 8).to_vector<float>(), (std::vector<float>{1, 2, 2, 1, 2, 4, 4, 2}));
}

TEST(LayerNorm, NormalisesTrailingAxes) {
  manual_seed(2);
  Tensor x = randn({6, 3, 5}) * 4.0 + 7.0;
  for (bool affine : {true, false}) {
    Tensor y = nn::LayerNorm(Shape{3, 5}, {.affine = affine})(x);
    EXPECT_LT(max(abs(mean(y, {1, 2}))).item(), 1e-5);
    EXPECT_LT(max(abs(var(y, {1, 2}, {.correction = 0}) - 1)).item(), 1e-3);
    EXPECT_LT(max(abs(mean(nn::LayerNorm(5, {.affine = affine})(x), {2}))).item(), 1e-5);
  }
  expect_error([&] { nn::LayerNorm(4)(x); }, "trailing axes must be [4], got [6,3,5]");
}

TEST(BatchNorm, FollowsTheBatches) {
  manual_seed(3);
  nn::BatchNorm2d layer(3);
  double mean_expected[3] = {0, 0, 0}, var_expected[3] = {1, 1, 1};
  for (int step = 1; step <= 4; ++step) {
    Tensor x = randn({4, 3, 5, 6}) * 2.0 + static_cast<double>(step);
    Tensor y = layer(x);
    EXPECT_LT(max(abs(mean(y, {0, 2, 3}))).item(), 1e-5);
    EXPECT_LT(max(abs(var(y, {0, 2, 3}, {.correction = 0}) - 1)).item(), 1e-3);
    std::vector<float> m = mean(x, {0, 2, 3}).to_vector<float>();
    std::vector<float> v = var(x, {0, 2, 3}).to_vector<float>();  // unbiased
    for (int c = 0; c < 3; ++c) {
      mean_expected[c] = 0.9 * mean_expected[c] + 0.1 * m[static_cast<size_t>(c)];
      var_expected[c] = 0.9 * var_expected[c] + 0.1 * v[static_cast<size_t>(c)];
      EXPECT_NEAR(layer.running_mean.to_vector<float>()[static_cast<size_t>(c)], mean_expected[c], 1e-4);
      EXPECT_NEAR(layer.running_var.to_vector<float>()[static_cast<size_t>(c)], var_expected[c], 1e-4);
    }
    EXPECT_EQ(layer.num_batches_tracked.item(), step);
  }
  layer.eval();
  Tensor x = randn({2, 3, 2, 2});
  float first = layer(x).to_vector<float>()[0];
  EXPECT_NEAR(first, (x.to_vector<float>()[0] - mean_expected[0]) / std::sqrt(var_expected[0] + 1e-5), 1e-4);
  EXPECT_EQ(layer.num_batches_tracked.item(), 4) << "evaluation does not follow";
}

TEST(BatchNorm, CountsOnTheHost) {
  if (!is_available(Device::emulated)) GTEST_SKIP() << "this build has no second device";
  nn::BatchNorm1d layer(3);
  layer(randn({4, 3}));
  layer.to(Device::emulated);
  EXPECT_EQ(layer.running_mean.device(), Device::emulated);
  EXPECT_TRUE(layer.num_batches_tracked.device().is_cpu()) << "reading it would wait for the device in every step";
  EXPECT_TRUE(layer.state_dict().at("num_batches_tracked").device().is_cpu());
  layer.to(Device::cpu);
  layer(randn({4, 3}));
  EXPECT_EQ(layer.num_batches_tracked.to_vector<int64_t>()[0], 2);
  nn::BatchNorm1d other(3);
  other.load_state_dict(layer.state_dict());
  EXPECT_EQ(other.num_batches_tracked.to_vector<int64_t>()[0], 2);
}

TEST(BatchNorm, ChecksItsInput) {
  EXPECT_NO_THROW(nn::BatchNorm1d(3)(randn({4, 3})));
  EXPECT_NO_THROW(nn::BatchNorm1d(3, {.affine = false})(randn({4, 3, 5})));
  expect_error([] { nn::BatchNorm1d(3)(ones({4, 3, 2, 2})); }, "expected [N, C] or [N, C, L] with 3 channels");
  expect_error([] { nn::BatchNorm2d(3)(ones({4, 2, 2, 2})); }, "expected [N, C, H, W] with 3 channels, got [4,2,2,2]");
  expect_error([] { nn::BatchNorm2d(3)(ones({1, 3, 1, 1})); }, "variance");
  expect_error([] { nn::BatchNorm2d(3, {.momentum = 2}); }, "momentum");
}

TEST(BatchNorm, KeepsItsStatisticsInScope) {
  manual_seed(3);
  nn::Sequential net{nn::BatchNorm1d(3)};
  Tensor x = randn({8, 3}) * 2.0 + 5.0;
  TensorMap before;
  for (const auto& [name, t] : net.state_dict()) before[name] = clone(t);
  Tensor inside;
  {
    nn::KeepStatistics keep;
    { nn::KeepStatistics nested; }
    inside = net(x);
    EXPECT_LT(max(abs(mean(inside, 0))).item(), 1e-5) << "the batch's own statistics are used";
  }
  for (const auto& [name, t] : net.state_dict()) EXPECT_EQ(largest_difference(to(t, f64), to(before[name], f64)), 0);
  EXPECT_EQ(largest_difference(net(x), inside), 0);
  EXPECT_EQ(net.state_dict().at("0.num_batches_tracked").item(), 1) << "outside of the scope it follows again";
}

TEST(BatchNorm, APassOfEvaluationOutlivesOneOfTraining) {
  manual_seed(5);
  nn::BatchNorm2d layer(3);
  const Tensor x = randn({2, 3, 4, 4}), g = randn({2, 3, 4, 4});
  layer.eval();
  const Tensor loss = sum(layer(x) * g), expected = grad(sum(layer(x) * g), layer.weight);
  layer.train();
  layer(randn({2, 3, 4, 4}) + 3.0);  // writes the running statistics
  EXPECT_EQ(largest_difference(grad(loss, layer.weight), expected), 0);
}

TEST(BatchNorm, KeepsItsDigitsBesideALargeMean) {
  const float mean = 12345.67f, var = 3e-4f, x = mean + 0.0078125f;
  const Tensor y = batch_norm_fixed(full({1, 1}, x), {full({1}, mean), full({1}, var)}, {}, {}, 0);
  EXPECT_NEAR(y.item(), (static_cast<double>(x) - mean) / std::sqrt(static_cast<double>(var)), 1e-6);
}

TEST(BatchNorm, WithoutTracking) {
  nn::BatchNorm2d layer(3, {.track_running_stats = false});
  EXPECT_EQ(layer.state_dict().size(), 2u);
  EXPECT_EQ(layer.description(), "BatchNorm2d(3, track_running_stats = false)");
  Tensor x = randn({4, 3, 2, 2}) + 5.0, y = layer(x);
  layer.eval();
  EXPECT_EQ(largest_difference(layer(x), y), 0) << "evaluation uses the batch's statistics, too";
  EXPECT_LT(max(abs(mean(y, {0, 2, 3}))).item(), 1e-5);
  expect_error([&] { layer(ones({4, 2, 2, 2})); }, "with 3 channels, got [4,2,2,2]");
}

TEST(RMSNorm, ScalesTrailingAxes) {
  manual_seed(2);
  Tensor x = randn({6, 3, 5}) * 4.0 + 7.0;
  for (bool affine : {true, false}) {
    Tensor y = nn::RMSNorm(Shape{3, 5}, {.affine = affine})(x);
    EXPECT_LT(max(abs(mean(square(y), {1, 2}) - 1)).item(), 1e-5);
    EXPECT_LT(max(abs(mean(square(nn::RMSNorm(5, {.affine = affine})(x)), 2) - 1)).item(), 1e-5);
  }
  EXPECT_EQ(nn::RMSNorm(5).state_dict().size(), 1u);
  EXPECT_NEAR(nn::RMSNorm(1, {.eps = 3})(ones({1, 1})).item(), 0.5, 1e-6);
  expect_error([&] { nn::RMSNorm(4)(x); }, "trailing axes must be [4], got [6,3,5]");
}

TEST(GroupNorm, NormalisesGroupsOfChannels) {
  manual_seed(2);
  Tensor x = randn({2, 6, 4, 5}) * 4.0 + 7.0;
  nn::GroupNorm layer(3, 6);
  Tensor groups = reshape(layer(x), {6, 40});
  EXPECT_LT(max(abs(mean(groups, 1))).item(), 1e-5);
  EXPECT_LT(max(abs(var(groups, 1, {.correction = 0}) - 1)).item(), 1e-3);
  layer.weight = tensor({1, 1, 1, 1, 1, 2});
  layer.bias = tensor({0, 0, 3, 0, 0, 0});
  Tensor scaled = layer(x), plain = nn::GroupNorm(3, 6, {.affine = false})(x);
  EXPECT_LT(largest_difference(select(scaled, 1, 2), select(plain, 1, 2) + 3.0), 1e-6);
  EXPECT_LT(largest_difference(select(scaled, 1, 5), select(plain, 1, 5) * 2.0), 1e-6);
  expect_error([] { nn::GroupNorm(4, 6); }, "4 groups do not divide 6 channels");
  expect_error([&] { layer(ones({2, 4})); }, "with 6 channels, got [2,4]");
}

TEST(InstanceNorm, NormalisesEachChannelOfEachImage) {
  manual_seed(2);
  Tensor x = randn({2, 3, 4, 5}) * 4.0 + 7.0;
  Tensor y = nn::InstanceNorm2d(3)(x);
  EXPECT_LT(max(abs(mean(y, {2, 3}))).item(), 1e-5);
  EXPECT_LT(max(abs(var(y, {2, 3}, {.correction = 0}) - 1)).item(), 1e-3);
  EXPECT_LT(largest_difference(nn::InstanceNorm1d(3)(flatten(x, 2)), flatten(y, 2)), 1e-6);
  EXPECT_EQ(nn::InstanceNorm2d(3).state_dict().size(), 0u);
  EXPECT_EQ(nn::InstanceNorm2d(3, {.affine = true}).state_dict().size(), 2u);
  expect_error([&] { nn::InstanceNorm1d(3)(x); }, "expected [N, C, L] with 3 channels, got [2,3,4,5]");
  expect_error([] { nn::InstanceNorm2d(3)(ones({2, 3, 1, 1})); }, "one value per channel");
}

TEST(Dropout, OnlyInTraining) {
  manual_seed(4);
  nn::Sequential net{nn::Dropout(0.25)};
  Tensor x = ones({100, 100});
  std::vector<float> y = net(x).to_vector<float>();
  double dropped = 0;
  for (float v : y) {
    ASSERT_TRUE(v == 0 || std::abs(v - 4.0f / 3) < 1e-6f) << v;
    dropped += v == 0;
  }
  EXPECT_NEAR(dropped / 1e4, 0.25, 4 * std::sqrt(0.25 * 0.75 / 1e4));
  net.eval();
  EXPECT_EQ(largest_difference(net(x), x), 0);
  expect_error([] { nn::Dropout(1.0); }, "[0, 1)");
}

TEST(Dropout, ItsRelativesAreTheFunctionsInTrainingOnly) {
  manual_seed(5);
  Tensor x = randn({6, 5, 3, 2});
  auto check = [&](auto layer, const Tensor& in, auto function) {
    manual_seed(9);
    Tensor y = layer(in);
    manual_seed(9);
    EXPECT_EQ(y.template to_vector<float>(), function(in).template to_vector<float>()) << layer.description();
    EXPECT_GT(largest_difference(y, in), 0) << layer.description();
    layer.eval();
    EXPECT_TRUE(layer(in).is_same(in)) << layer.description();
  };
  check(nn::Dropout1d(0.3), flatten(x, 2), [](const Tensor& t) { return dropout1d(t, 0.3); });
  check(nn::Dropout2d(0.3), x, [](const Tensor& t) { return dropout2d(t, 0.3); });
  check(nn::Dropout3d(0.3), unsqueeze(x, 2), [](const Tensor& t) { return dropout3d(t, 0.3); });
  check(nn::UniformDropout(0.5), x, [](const Tensor& t) { return uniform_dropout(t, 0.5); });
  check(nn::GaussianDropout(0.5), x, [](const Tensor& t) { return gaussian_dropout(t, 0.5); });
  check(nn::GaussianNoise(0.5), x, [](const Tensor& t) { return gaussian_noise(t, 0.5); });
  EXPECT_EQ(nn::Dropout2d(0.3).description(), "Dropout2d(0.3)");
  expect_error([] { nn::Dropout2d(1); }, "Dropout2d: the probability must be in [0, 1), got 1");
  expect_error([] { nn::GaussianDropout(-1); }, "GaussianDropout: the width");
}

TEST(Shapes, IdentityGivesBackItsInput) {
  const nn::Identity identity;
  const Tensor x = randn({2, 3});
  EXPECT_EQ(identity(x).to_vector<float>(), x.to_vector<float>());
  const nn::Sequential chain{nn::Flatten(), nn::Identity()};
  EXPECT_EQ(chain(x).shape(), (Shape{2, 3}));
  EXPECT_EQ(identity.description(), "Identity");
  EXPECT_TRUE(identity.parameters().empty());
}

TEST(Shapes, FlattenUnflattenPoolUpsample) {
  Tensor x = reshape(to(arange(0, 2 * 3 * 4 * 4), f32), {2, 3, 4, 4});
  EXPECT_EQ(nn::Flatten()(x).shape(), (Shape{2, 48}));
  EXPECT_EQ(nn::Unflatten({3, -1, 4})(nn::Flatten()(x)).shape(), (Shape{2, 3, 4, 4}));
  EXPECT_EQ(nn::Unflatten({2, -1})(zeros({0, 6})).shape(), (Shape{0, 2, 3}));
  EXPECT_ANY_THROW(nn::Unflatten({4, -1})(zeros({1, 6})));
  EXPECT_ANY_THROW(nn::Unflatten({-1, -1})(zeros({1, 6})));
  EXPECT_EQ(nn::MaxPool2d(2)(x).shape(), (Shape{2, 3, 2, 2}));
  EXPECT_EQ(nn::MaxPool2d(2)(x).to_vector<float>()[0], 5);
  EXPECT_EQ(nn::AvgPool2d(2)(x).to_vector<float>()[0], 2.5);
  EXPECT_EQ(nn::MaxPool2d(3, {.stride = 1, .padding = 1})(x).shape(), (Shape{2, 3, 4, 4}));
  Tensor up = nn::Upsample({2, 1})(x);
  EXPECT_EQ(up.shape(), (Shape{2, 3, 8, 4}));
  EXPECT_EQ(up.to_vector<float>()[4], 0);
  EXPECT_EQ(up.to_vector<float>()[8], 4);
  expect_error([] { nn::Upsample()(ones({2, 2})); }, "expected [N, C, H, W]");
}

TEST(Shapes, PaddingShufflingAndMeans) {
  Tensor x = reshape(to(arange(0, 2 * 4 * 3 * 3), f32), {2, 4, 3, 3});
  auto first = [](const Tensor& t) { return select(select(t, 0, 0), 0, 0); };  // one plane
  EXPECT_EQ(first(nn::ZeroPad2d({1, 0, 2, 0})(x)).shape(), (Shape{5, 4}));
  EXPECT_EQ(select(first(nn::ZeroPad2d({1, 0, 2, 0})(x)), 0, 2).to_vector<float>(), (std::vector<float>{0, 0, 1, 2}));
  EXPECT_EQ(select(first(nn::ReflectionPad2d(2)(x)), 0, 0).to_vector<float>(),
            (std::vector<float>{8, 7, 6, 7, 8, 7, 6}));
  EXPECT_EQ(select(first(nn::ReplicationPad2d({2, 1, 0, 0})(x)), 0, 1).to_vector<float>(),
            (std::vector<float>{3, 3, 3, 4, 5, 5}));
  EXPECT_EQ(select(first(nn::CircularPad2d({2, 1, 1, 0})(x)), 0, 0).to_vector<float>(),
            (std::vector<float>{7, 8, 6, 7, 8, 6}));
  EXPECT_EQ(nn::ReplicationPad2d({1, 2, 3, 4})(x).shape(), (Shape{2, 4, 10, 6}));
  EXPECT_EQ(nn::ReflectionPad2d({1, 2, 0, 1}).description(), "ReflectionPad2d(1, 2, 0, 1)");
  Tensor shuffled = nn::PixelShuffle(2)(x);
  EXPECT_EQ(shuffled.shape(), (Shape{2, 1, 6, 6}));
  EXPECT_EQ(select(first(shuffled), 0, 0).to_vector<float>(), (std::vector<float>{0, 9, 1, 10, 2, 11}));
  EXPECT_EQ(nn::PixelUnshuffle(2)(shuffled).to_vector<float>(), x.to_vector<float>());
  EXPECT_EQ(nn::AdaptiveAvgPool2d(1)(x).to_vector<float>()[1], 13);
  EXPECT_EQ(nn::AdaptiveAvgPool2d({2, 3})(x).shape(), (Shape{2, 4, 2, 3}));
  Tensor up = nn::Upsample(2, {.mode = nn::UpsampleMode::bilinear})(x);
  EXPECT_EQ(select(first(up), 0, 0).to_vector<float>(), (std::vector<float>{0, 0.25, 0.75, 1.25, 1.75, 2}));
  up = nn::Upsample({1, 2}, {.mode = nn::UpsampleMode::bilinear, .align_corners = true})(x);
  EXPECT_NEAR(select(first(up), 0, 0).to_vector<float>()[1], 0.4, 1e-6);
  expect_error([] { nn::Upsample(2, {.align_corners = true}); }, "align_corners is for bilinear");
  expect_error([] { nn::ReflectionPad2d(-1); }, "must not be negative");
  expect_error([&] { nn::ReflectionPad2d(3)(x); }, "less than 3 wide, got 3");
  expect_error([&] { nn::ZeroPad2d(1)(ones({3})); }, "expected [N, C, H, W], got [3]");
  expect_error([] { nn::AdaptiveAvgPool2d(0); }, "positive");
}

TEST(Activations, AreTheFunctions) {
  Tensor x = linspace(-3, 3, 13);
  auto same = [&](const Tensor& a, const Tensor& b) { EXPECT_EQ(a.to_vector<float>(), b.to_vector<float>()); };
  same(nn::ReLU()(x), relu(x));
  same(nn::LeakyReLU(0.2)(x), leaky_relu(x, 0.2));
  same(nn::ELU(2)(x), elu(x, 2));
  same(nn::GELU()(x), gelu(x));
  same(nn::GELU(nn::GeluKind::tanh)(x), gelu_tanh(x));
  same(nn::SiLU()(x), silu(x));
  same(nn::Sigmoid()(x), sigmoid(x));
  same(nn::Tanh()(x), gg::tanh(x));
  same(nn::Softplus(2)(x), softplus(x, 2));
  same(nn::LogSigmoid()(x), logsigmoid(x));
  same(nn::Mish()(x), mish(x));
  same(nn::Softsign()(x), softsign(x));
  same(nn::SELU()(x), selu(x));
  same(nn::CELU(2)(x), celu(x, 2));
  same(nn::Hardtanh(-2, 0.5)(x), hardtanh(x, -2, 0.5));
  same(nn::Softmax()(x), softmax(x));
  same(nn::LogSoftmax(0)(x), log_softmax(x, 0));
}

TEST(Sequential, TakesModulesAndFunctions) {
  nn::Sequential net{nn::Linear(4, 3), [](const Tensor& t) { return t * 2.0; }, nn::Tanh()};
  net.add(nn::Linear(3, 1));
  EXPECT_EQ(net.size(), 4u);
  EXPECT_EQ(net(ones({7, 4})).shape(), (Shape{7, 1}));
  auto named = net.named_parameters();
  EXPECT_EQ(named.back().first, "3.bias");
  nn::Sequential nested{net};  // a copy: shares
  EXPECT_EQ(nested.size(), 4u);
  nn::Sequential outer{nn::Sequential(net), nn::ReLU()};
  EXPECT_EQ(outer.named_parameters()[0].first, "0.0.weight");
  expect_error([&] { net(ones({7, 5})); }, "layer 0: ");
}

TEST(Sequential, CopiesShareTheirLayers) {
  nn::Sequential net{nn::Linear(4, 3)};
  nn::Sequential copy = net;
  struct Holder : nn::Module {
    nn::Sequential layers;
    explicit Holder(const nn::Sequential& l) : layers(register_module("layers", l)) {}
  } holder(net);
  net.add(nn::Tanh()).add([](const Tensor& t) { return t * 2.0; }).add(nn::Linear(3, 1));
  for (const nn::Sequential& other : {copy, holder.layers}) {
    EXPECT_EQ(other.size(), 4u);
    EXPECT_EQ(other.parameters().size(), 4u);
    EXPECT_EQ(other(ones({2, 4})).to_vector<float>(), net(ones({2, 4})).to_vector<float>());
  }
  copy.add(nn::ReLU());
  EXPECT_EQ(net.size(), 5u) << "the names of layers go on, too";
  expect_error([&] { net.add(net); }, "part of itself");
}

struct Moments {
  double mean, std, largest;
};
Moments moments(const Tensor& t) {
  std::vector<float> v = t.to_vector<float>();
  double m = 0, s = 0, largest = 0;
  for (float x : v) m += x / static_cast<double>(v.size());
  for (float x : v) s += (x - m) * (x - m) / static_cast<double>(v.size());
  for (float x : v) largest = std::max(largest, std::abs(static_cast<double>(x)));
  return {m, std::sqrt(s), largest};
}

TEST(Init, HasTheRightSpread) {
  manual_seed(7);
  Tensor w = empty({200, 50, 3, 3});  // fan in 450, fan out 1800
  auto expect_spread = [&](double std, bool uniform) {
    Moments m = moments(w);
    EXPECT_NEAR(m.mean, 0, 5 * std / std::sqrt(9e4));
    EXPECT_NEAR(m.std, std, 0.01 * std);
    if (uniform) {
      EXPECT_LE(m.largest, std * std::sqrt(3.0) * 1.0001);
      EXPECT_GE(m.largest, std * std::sqrt(3.0) * 0.999);
    } else {
      EXPECT_GT(m.largest, std * 3.5);
    }
  };
  using namespace nn::init;
  kaiming_uniform_(w), expect_spread(std::sqrt(2.0 / 450), true);
  kaiming_normal_(w), expect_spread(std::sqrt(2.0 / 450), false);
  kaiming_normal_(w, {.fan = Fan::out}), expect_spread(std::sqrt(2.0 / 1800), false);
  kaiming_uniform_(w, {.negative_slope = 1}), expect_spread(std::sqrt(1.0 / 450), true);
  xavier_uniform_(w), expect_spread(std::sqrt(2.0 / 2250), true);
  xavier_normal_(w, 2), expect_spread(2 * std::sqrt(2.0 / 2250), false);
  uniform_(w, -1, 1), expect_spread(std::sqrt(1.0 / 3), true);
  nn::Conv2d conv(50, 200, 3);
  w = conv.weight.detach(), expect_spread(1 / std::sqrt(3.0 * 450), true);
  w = nn::Linear(450, 200).weight.detach(), expect_spread(1 / std::sqrt(3.0 * 450), true);
  EXPECT_LE(moments(conv.bias.detach()).largest, 1 / std::sqrt(450.0));
  nn::ConvTranspose2d up(200, 50, 3);  // PyTorch's fan in of a transposed convolution: 50 · 9
  w = up.weight.detach(), expect_spread(1 / std::sqrt(3.0 * 450), true);
  w = nn::Embedding(300, 300).weight.detach(), expect_spread(1, false);
  expect_error([] { kaiming_normal_(empty({3})); }, "kaiming_normal_");
}

TEST(Init, IsAFunctionOfTheSeed) {
  auto make = [](uint64_t seed) {
    manual_seed(seed);
    nn::Sequential net{nn::Linear(20, 10), nn::Linear(10, 5)};
    return net.parameters();
  };
  auto a = make(1), b = make(1), c = make(2);
  for (size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a[i].to_vector<float>(), b[i].to_vector<float>());
  EXPECT_NE(a[0].to_vector<float>(), c[0].to_vector<float>());
}

TEST(Training, FitsXor) {
  manual_seed(0);
  nn::Sequential net{nn::Linear(2, 16), nn::Tanh(), nn::Linear(16, 2)};
  Tensor x = tensor({{0, 0}, {0, 1}, {1, 0}, {1, 1}}), y = tensor({0, 1, 1, 0}, {.dtype = i64});
  optim::AdamW optimizer(net.parameters(), {.weight_decay = 0});
  const optim::Schedule rate = optim::cosine({.peak = 0.05, .steps = 200});
  double loss = 0;
  for (int64_t step = 0; step < 200; ++step) {
    Tensor l = losses::cross_entropy(net(x), y);
    optimizer.zero_grad();
    l.backward();
    optimizer.step(rate(step));
    loss = l.item();
  }
  EXPECT_LT(loss, 0.02);
}

}  // namespace
}  // namespace gg::nn_test
