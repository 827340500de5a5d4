#include "nn/conv.h"

#include "nn/init.h"

namespace gg::nn {
namespace {

template <class Options>
std::string describe(const char* name, int64_t in, int64_t out, Size2 kernel, const Options& o,
                     const ConvLayerOptions& layer) {
  std::string s = str(name, "(", in, ", ", out, ", ", kernel);
  auto option = [&](const char* label, Size2 value, Size2 normal) {
    if (!(value == normal)) s += str(", ", label, " = ", value);
  };
  option("stride", o.stride, 1);
  option("padding", o.padding, 0);
  if constexpr (requires { o.output_padding; }) option("output_padding", o.output_padding, 0);
  option("dilation", o.dilation, 1);
  option("groups", o.groups, 1);
  return s + (layer.bias ? ")" : ", bias = false)");
}

template <class Options>
void check(const Module& m, int64_t in, int64_t out, Size2 kernel, const Options& o) {
  GG_CHECK(in > 0 && out > 0 && kernel.height > 0 && kernel.width > 0, m.description(), ": sizes must be positive");
  GG_CHECK(o.groups > 0 && in % o.groups == 0 && out % o.groups == 0, m.description(), ": ", o.groups,
           " groups do not divide ", in, " and ", out, " channels");
}

}  // namespace

Conv2d::Conv2d(int64_t in_channels, int64_t out_channels, Size2 kernel, const Conv2dOptions& o,
               const ConvLayerOptions& layer)
    : Module(describe("Conv2d", in_channels, out_channels, kernel, o, layer)), options(o) {
  check(*this, in_channels, out_channels, kernel, o);
  weight = register_parameter("weight", empty({out_channels, in_channels / o.groups, kernel.height, kernel.width}));
  if (layer.bias) bias = register_parameter("bias", empty({out_channels}));
  init::default_(weight, bias);
}

ConvTranspose2d::ConvTranspose2d(int64_t in_channels, int64_t out_channels, Size2 kernel,
                                 const ConvTranspose2dOptions& o, const ConvLayerOptions& layer)
    : Module(describe("ConvTranspose2d", in_channels, out_channels, kernel, o, layer)), options(o) {
  check(*this, in_channels, out_channels, kernel, o);
  weight = register_parameter("weight", empty({in_channels, out_channels / o.groups, kernel.height, kernel.width}));
  if (layer.bias) bias = register_parameter("bias", empty({out_channels}));
  // PyTorch counts the fan of this layer's weight as it lies in memory, too: the output channels of a group times the
  // kernel.
  init::default_(weight, bias);
}

Conv1d::Conv1d(int64_t in_channels, int64_t out_channels, int64_t kernel, const Conv1dOptions& o,
               const ConvLayerOptions& layer)
    : Module(describe("Conv1d", in_channels, out_channels, kernel, o, layer)), options(o) {
  check(*this, in_channels, out_channels, kernel, o);
  weight = register_parameter("weight", empty({out_channels, in_channels / o.groups, kernel}));
  if (layer.bias) bias = register_parameter("bias", empty({out_channels}));
  init::default_(weight, bias);
}

ConvTranspose1d::ConvTranspose1d(int64_t in_channels, int64_t out_channels, int64_t kernel,
                                 const ConvTranspose1dOptions& o, const ConvLayerOptions& layer)
    : Module(describe("ConvTranspose1d", in_channels, out_channels, kernel, o, layer)), options(o) {
  check(*this, in_channels, out_channels, kernel, o);
  weight = register_parameter("weight", empty({in_channels, out_channels / o.groups, kernel}));
  if (layer.bias) bias = register_parameter("bias", empty({out_channels}));
  init::default_(weight, bias);
}

}  // namespace gg::nn
