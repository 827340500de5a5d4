// Every layer of nn/ on a device against the CPU: value, gradients, second derivatives, buffers, in training and in
// evaluation. A layer without a row fails the last test.
#include <filesystem>
#include <fstream>
#include <functional>
#include <regex>
#include <set>

#include "autograd/autograd.h"
#include "nn/blocks/blocks.h"
#include "nn/nn.h"
#include "tests/parity/parity.h"

namespace gg::parity {
namespace {

/// A layer as a module and as a function.
struct Made {
  nn::Module module;
  std::function<Tensor(const Tensor&)> call;
};
template <class L>
Made made(L layer) {
  return {layer, layer};
}

struct Row {
  std::string layer;  ///< its class
  std::function<Made()> make;
  Shape input;
};

// Sizes that are no multiple of anything, and pairwise different where a kernel could take one for another.
const std::vector<Row>& rows() {
  static const std::vector<Row> all = {
      {"ReLU", [] { return made(nn::ReLU()); }, {5, 7}},
      {"LeakyReLU", [] { return made(nn::LeakyReLU(0.2)); }, {5, 7}},
      {"ELU", [] { return made(nn::ELU(1.5)); }, {5, 7}},
      {"GELU", [] { return made(nn::GELU()); }, {5, 7}},
      {"GELU", [] { return made(nn::GELU(nn::GeluKind::tanh)); }, {5, 7}},
      {"SiLU", [] { return made(nn::SiLU()); }, {3, 2, 5}},
      {"Sigmoid", [] { return made(nn::Sigmoid()); }, {5, 7}},
      {"Tanh", [] { return made(nn::Tanh()); }, {37}},
      {"Softplus", [] { return made(nn::Softplus(2)); }, {5, 7}},
      {"LogSigmoid", [] { return made(nn::LogSigmoid()); }, {5, 7}},
      {"Mish", [] { return made(nn::Mish()); }, {5, 7}},
      {"Softsign", [] { return made(nn::Softsign()); }, {5, 7}},
      {"SELU", [] { return made(nn::SELU()); }, {5, 7}},
      {"CELU", [] { return made(nn::CELU(1.5)); }, {5, 7}},
      {"Hardtanh", [] { return made(nn::Hardtanh(-0.5, 1)); }, {5, 7}},
      {"Softmax", [] { return made(nn::Softmax()); }, {5, 37}},
      {"Softmax", [] { return made(nn::Softmax(1)); }, {5, 7, 3}},
      {"LogSoftmax", [] { return made(nn::LogSoftmax()); }, {5, 37}},
      {"LogSoftmax", [] { return made(nn::LogSoftmax(0)); }, {5, 7}},
      {"Conv2d", [] { return made(nn::Conv2d(3, 5, 3)); }, {2, 3, 7, 6}},
      {"Conv2d",
       [] {
         return made(nn::Conv2d(4, 6, {3, 2}, {.stride = {2, 1}, .padding = {1, 2}, .groups = 2}));
       },
       {3, 4, 7, 5}},
      {"ConvTranspose2d", [] { return made(nn::ConvTranspose2d(3, 5, 4, {.stride = 2, .padding = 1})); }, {2, 3, 4, 5}},
      {"ConvTranspose2d",
       [] { return made(nn::ConvTranspose2d(4, 6, 3, {.stride = 2, .padding = 1, .output_padding = 1, .groups = 2})); },
       {2, 4, 3, 5}},
      {"Dropout", [] { return made(nn::Dropout(0.3)); }, {13, 11}},
      {"Dropout1d", [] { return made(nn::Dropout1d(0.4)); }, {5, 7, 3}},
      {"Dropout2d", [] { return made(nn::Dropout2d(0.4)); }, {5, 7, 3, 2}},
      {"Dropout3d", [] { return made(nn::Dropout3d(0.4)); }, {5, 3, 2, 3, 2}},
      {"UniformDropout", [] { return made(nn::UniformDropout(0.5)); }, {13, 11}},
      {"GaussianDropout", [] { return made(nn::GaussianDropout(0.5)); }, {13, 11}},
      {"GaussianNoise", [] { return made(nn::GaussianNoise(0.5)); }, {13, 11}},
      {"Linear", [] { return made(nn::Linear(7, 5)); }, {3, 7}},
      {"Linear", [] { return made(nn::Linear(7, 5, {.bias = false})); }, {2, 3, 7}},
      {"LayerNorm",
       [] {
         return made(nn::LayerNorm(Shape{3, 5}));
       },
       {4, 3, 5}},
      {"LayerNorm", [] { return made(nn::LayerNorm(13, {.affine = false})); }, {5, 13}},
      {"RMSNorm",
       [] {
         return made(nn::RMSNorm(Shape{3, 5}));
       },
       {4, 3, 5}},
      {"RMSNorm", [] { return made(nn::RMSNorm(13, {.eps = 1e-3, .affine = false})); }, {5, 13}},
      {"GroupNorm", [] { return made(nn::GroupNorm(3, 6)); }, {4, 6, 5, 2}},
      {"GroupNorm", [] { return made(nn::GroupNorm(2, 4, {.affine = false})); }, {3, 4, 5}},
      {"InstanceNorm1d", [] { return made(nn::InstanceNorm1d(3)); }, {4, 3, 7}},
      {"InstanceNorm2d", [] { return made(nn::InstanceNorm2d(3, {.affine = true})); }, {2, 3, 5, 2}},
      {"BatchNorm2d", [] { return made(nn::BatchNorm2d(3, {.track_running_stats = false})); }, {4, 3, 5, 2}},
      {"BatchNorm1d", [] { return made(nn::BatchNorm1d(5)); }, {7, 5}},
      {"BatchNorm1d", [] { return made(nn::BatchNorm1d(5, {.affine = false})); }, {3, 5, 7}},
      {"BatchNorm2d", [] { return made(nn::BatchNorm2d(3)); }, {4, 3, 5, 2}},
      {"MaxPool2d", [] { return made(nn::MaxPool2d(3, {.stride = 2, .padding = 1})); }, {2, 3, 7, 6}},
      {"AvgPool2d",
       [] {
         return made(nn::AvgPool2d({2, 3}, {.stride = 2, .padding = {1, 0}}));
       },
       {2, 3, 7, 6}},
      {"Upsample",
       [] {
         return made(nn::Upsample({2, 3}));
       },
       {2, 3, 3, 5}},
      {"Upsample", [] { return made(nn::Upsample(2, {.mode = nn::UpsampleMode::bilinear})); }, {2, 3, 3, 5}},
      {"AdaptiveAvgPool2d",
       [] {
         return made(nn::AdaptiveAvgPool2d({2, 3}));
       },
       {2, 3, 5, 7}},
      {"PixelShuffle", [] { return made(nn::PixelShuffle(2)); }, {2, 8, 3, 5}},
      {"PixelUnshuffle", [] { return made(nn::PixelUnshuffle(3)); }, {2, 2, 3, 6}},
      {"ReflectionPad2d", [] { return made(nn::ReflectionPad2d(2)); }, {2, 3, 3, 5}},
      {"CircularPad2d", [] { return made(nn::CircularPad2d(2)); }, {2, 3, 3, 5}},
      {"ReplicationPad2d",
       [] {
         return made(nn::ReplicationPad2d({1, 0, 2, 3}));
       },
       {2, 3, 3, 5}},
      {"ZeroPad2d",
       [] {
         return made(nn::ZeroPad2d({1, 0, 2, 3}));
       },
       {2, 3, 3, 5}},
      {"Conv1d",
       [] { return made(nn::Conv1d(4, 6, 3, {.stride = 2, .padding = 2, .dilation = 2, .groups = 2})); },
       {3, 4, 11}},
      {"ConvTranspose1d",
       [] { return made(nn::ConvTranspose1d(3, 5, 3, {.stride = 2, .padding = 1, .output_padding = 1})); },
       {2, 3, 5}},
      {"MaxPool1d", [] { return made(nn::MaxPool1d(3, {.stride = 2, .padding = 1})); }, {2, 3, 7}},
      {"AvgPool1d", [] { return made(nn::AvgPool1d(2)); }, {2, 3, 7}},
      {"Unfold",
       [] {
         return made(nn::Unfold({2, 3}, {.stride = 2, .padding = 1}));
       },
       {2, 3, 5, 7}},
      {"Fold",
       [] {
         return made(nn::Fold({5, 7}, {2, 3}, {.stride = {1, 2}}));
       },
       {2, 18, 12}},
      {"SpectralNorm", [] { return made(nn::SpectralNorm(nn::Linear(7, 5))); }, {3, 7}},
      {"SpectralNorm", [] { return made(nn::SpectralNorm(nn::Conv2d(3, 5, 3))); }, {2, 3, 5, 4}},
      {"SpectralNorm",
       [] { return made(nn::SpectralNorm(nn::ConvTranspose2d(3, 5, 3, {.stride = 2}))); },
       {2, 3, 4, 3}},
      {"WeightNorm", [] { return made(nn::WeightNorm(nn::Linear(7, 5, {.bias = false}))); }, {3, 7}},
      {"WeightNorm", [] { return made(nn::WeightNorm(nn::Conv2d(3, 5, 3))); }, {2, 3, 5, 4}},
      {"DoubleConv", [] { return made(nn::DoubleConv(2, 3)); }, {2, 2, 4, 5}},
      {"BasicBlock", [] { return made(nn::BasicBlock(3, 3)); }, {2, 3, 4, 5}},
      {"BasicBlock", [] { return made(nn::BasicBlock(2, 3, {.stride = 2})); }, {2, 2, 5, 6}},
      {"PreActBlock", [] { return made(nn::PreActBlock(3, 3)); }, {2, 3, 4, 5}},
      {"PreActBlock", [] { return made(nn::PreActBlock(2, 3, {.stride = 2})); }, {2, 2, 5, 6}},
      {"UNetDown", [] { return made(nn::UNetDown(2, 3)); }, {2, 2, 6, 5}},
      {"UNetUp",
       [] {
         nn::UNetUp up(4, 3, 2);
         return Made{up, [up](const Tensor& x) { return up(max_pool2d(x), slice(x, 1, 0, 3)); }};
       },
       {2, 4, 6, 5}},
      // Large enough that no batch norm sees a handful of numbers, which would magnify the rounding of float32.
      {"UNet", [] { return made(nn::UNet(2, 1, {.channels = 2, .depth = 2})); }, {3, 2, 17, 18}},
      {"UNet",
       [] { return made(nn::UNet(2, 1, {.channels = 2, .depth = 1, .upsampling = nn::UNetUpsampling::bilinear})); },
       {2, 2, 5, 6}},
      {"PatchGAN",
       [] { return made(nn::PatchGAN(2, {.channels = 2, .layers = 1, .norm = nn::PatchNorm::instance})); },
       {2, 2, 18, 20}},
      {"AdaIN",
       [] {
         nn::AdaIN layer;
         return Made{layer, [layer](const Tensor& x) { return layer(x, square(slice(x, 2, 1))); }};
       },
       {2, 3, 4, 5}},
      {"StyleNorm",
       [] {
         nn::StyleNorm layer(4, 3);
         return Made{layer, [layer](const Tensor& x) { return layer(x, mean(slice(x, 2, 0, 4), {1, 3})); }};
       },
       {2, 3, 4, 5}},
      {"Sequential", [] { return made(nn::Sequential(nn::Linear(7, 5), nn::Tanh(), nn::Linear(5, 3))); }, {3, 7}},
      {"Identity", [] { return made(nn::Identity()); }, {3, 2, 5}},
      {"Flatten", [] { return made(nn::Flatten()); }, {3, 2, 5}},
      {"Unflatten",
       [] {
         return made(nn::Unflatten({2, 5}));
       },
       {3, 10}},
      {"GRUCell", [] { return made(nn::GRUCell(5, 3)); }, {4, 5}},
      {"LSTMCell",
       [] {
         nn::LSTMCell cell(5, 3);
         return Made{cell, [cell](const Tensor& x) {
                       const LstmState s = cell(x, cell(x));
                       return concat({s.h, s.c}, 1);
                     }};
       },
       {4, 5}},
      {"GRU", [] { return made(nn::GRU(5, 3, {.num_layers = 2, .dropout = 0.3, .bidirectional = true})); }, {2, 3, 5}},
      {"LSTM",
       [] {
         nn::LSTM lstm(5, 3, {.bias = false});
         return Made{lstm, [lstm](const Tensor& x) {
                       const nn::RecurrentOutput r = lstm(x);
                       return concat({r.output, transpose(r.h, 0, 1), transpose(r.c, 0, 1)}, 1);
                     }};
       },
       {2, 4, 5}},
      {"MultiheadAttention", [] { return made(nn::MultiheadAttention(6, 2, {.dropout = 0.2})); }, {2, 5, 6}},
      {"PositionalEncoding", [] { return made(nn::PositionalEncoding(5, {.max_length = 9})); }, {2, 7, 5}},
      {"TransformerEncoderLayer",
       [] { return made(nn::TransformerEncoderLayer(6, 3, {.dim_feedforward = 7, .norm_first = true})); },
       {2, 3, 6}},
      {"TransformerDecoderLayer",
       [] {
         nn::TransformerDecoderLayer layer(6, 2, {.dim_feedforward = 7, .activation = nn::TransformerActivation::gelu});
         return Made{layer, [layer](const Tensor& x) { return layer(x, x * x, {.causal = true}); }};
       },
       {2, 3, 6}},
      {"TransformerEncoder",
       [] { return made(nn::TransformerEncoder(4, 2, 2, {.dim_feedforward = 5}, {.final_norm = true})); },
       {2, 3, 4}},
      {"TransformerDecoder",
       [] {
         nn::TransformerDecoder stack(4, 2, 2, {.dim_feedforward = 5});
         return Made{stack, [stack](const Tensor& x) { return stack(x, x); }};
       },
       {2, 3, 4}},
      // Its input are positions; the test makes them of the numbers that it draws.
      {"Embedding", [] { return made(nn::Embedding(11, 5)); }, {3, 7}},
      {"Embedding", [] { return made(nn::Embedding(11, 5, {.padding_idx = -3})); }, {3, 7}},
  };
  return all;
}

/// Everything that one layer gives on one device, by name.
TensorMap results(const Row& row, Device device, DType dtype, bool training) {
  manual_seed(5);
  const Made layer = row.make();
  const Tensor x_here = row.layer == "Embedding" ? randint(0, 11, row.input) : randn(row.input, {.dtype = dtype});
  layer.module.to(dtype);
  layer.module.to(device);
  layer.module.train(training);

  TensorMap out;
  std::vector<Tensor> wanted;
  std::vector<std::string> names;
  Tensor x = to(x_here, device);
  if (is_floating(x.dtype())) {
    x = clone(x).requires_grad_();
    wanted.push_back(x);
    names.push_back("x");
  }
  for (const auto& [name, p] : layer.module.named_parameters()) {
    wanted.push_back(p);
    names.push_back(name);
  }
  const Tensor y = layer.call(x);
  EXPECT_EQ(y.device(), device);
  out["y"] = y;
  const Tensor weight = randn(y.shape(), {dtype, device});
  const std::vector<Tensor> first = grad(sum(y * y * weight), wanted, {.create_graph = true, .allow_unused = true});
  Tensor total = zeros({}, {dtype, device});
  for (size_t i = 0; i < first.size(); ++i) {
    out["gradient of " + names[i]] = first[i];
    if (first[i].defined() && first[i].requires_grad()) total = total + sum(square(first[i]));
  }
  if (total.requires_grad()) {
    const std::vector<Tensor> second = grad(total, wanted, {.allow_unused = true});
    for (size_t i = 0; i < second.size(); ++i) out["second derivative by " + names[i]] = second[i];
  }
  for (const auto& [name, b] : layer.module.named_buffers()) out["buffer " + name] = b;
  return out;
}

class Layers : public OnDevice {};

TEST_P(Layers, ValueGradientsAndBuffers) {
  for (const Row& row : rows()) {
    for (const DType dtype : {f32, f64}) {
      for (const bool training : {true, false}) {
        SCOPED_TRACE(str(row.make().module.description(), ", ", dtype, training ? ", training" : ", evaluation"));
        const TensorMap here = results(row, Device(), dtype, training), there = results(row, device(), dtype, training);
        EXPECT_EQ(difference("", there, here, dtype == f64 ? 1e-13 : 2e-5), "");
        EXPECT_TRUE(here.contains("second derivative by x") || row.layer == "Embedding");
      }
    }
  }
}

TEST_P(Layers, AnotherParameterIsFound) {
  const Row slope{"LeakyReLU", [n = 0]() mutable { return made(nn::LeakyReLU(n++ == 0 ? 0.9 : 0.901)); }, {5, 7}};
  const TensorMap here = results(slope, Device(), f32, true), there = results(slope, device(), f32, true);
  for (const char* name : {" y: ", "gradient of x", "second derivative by x"}) {
    EXPECT_NE(difference("", there, here, 2e-5).find(name), std::string::npos) << name;
  }
}

GG_ON_DEVICES(Layers);

TEST(EmulatedLayers, EveryLayerHasARow) {
  // What layers derive from.
  std::set<std::string> known = {"Module",      "BatchNorm", "InstanceNorm", "Pad2d",
                                 "DropoutBase", "NoiseBase", "CellBase",     "RecurrentBase"},
                        found;
  for (const Row& row : rows()) known.insert(row.layer);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(std::string(GG_SOURCE_DIR) + "/nn")) {
    if (entry.path().extension() != ".h") continue;
    std::ifstream file(entry.path());
    const std::regex declared(
        "^(?:struct|class) (\\w+)(?: final)? : (?:public )?(?:Module|\\w*Base|BatchNorm|InstanceNorm|Pad2d)\\b.*");
    std::smatch match;
    for (std::string line; std::getline(file, line);) {
      if (std::regex_match(line, match, declared)) found.insert(match[1]);
    }
  }
  EXPECT_GE(found.size(), 20u);
  for (const std::string& layer : found) EXPECT_TRUE(known.contains(layer)) << "nn::" << layer << " has no row here";
}

}  // namespace
}  // namespace gg::parity
