#include "nn/blocks/residual.h"

#include "ops/elementwise.h"

namespace gg::nn {
namespace {

Conv2d conv3x3(int64_t in, int64_t out, int64_t stride = 1) {
  return Conv2d(in, out, 3, {.stride = stride, .padding = 1}, {.bias = false});
}

Conv2d conv1x1(int64_t in, int64_t out, int64_t stride) {
  return Conv2d(in, out, 1, {.stride = stride}, {.bias = false});
}

std::string describe(const char* name, int64_t in, int64_t out, const ResidualOptions& o) {
  std::string s = str(name, "(", in, ", ", out);
  return o.stride == 1 ? s + ")" : str(s, ", stride = ", o.stride, ")");
}

bool same_shape(int64_t in, int64_t out, const ResidualOptions& o) { return in == out && o.stride == 1; }

}  // namespace

BasicBlock::BasicBlock(int64_t in, int64_t out, const ResidualOptions& o)
    : Module(describe("BasicBlock", in, out, o)),
      conv1(register_module("conv1", conv3x3(in, out, o.stride))),
      bn1(register_module("bn1", BatchNorm2d(out))),
      conv2(register_module("conv2", conv3x3(out, out))),
      bn2(register_module("bn2", BatchNorm2d(out))) {
  if (same_shape(in, out, o)) return;
  downsample.add(conv1x1(in, out, o.stride)).add(BatchNorm2d(out));
  add_module("downsample", downsample);
}

Tensor BasicBlock::operator()(const Tensor& x) const { return relu(bn2(conv2(relu(bn1(conv1(x))))) + downsample(x)); }

PreActBlock::PreActBlock(int64_t in, int64_t out, const ResidualOptions& o)
    : Module(describe("PreActBlock", in, out, o)),
      bn1(register_module("bn1", BatchNorm2d(in))),
      conv1(register_module("conv1", conv3x3(in, out, o.stride))),
      bn2(register_module("bn2", BatchNorm2d(out))),
      conv2(register_module("conv2", conv3x3(out, out))) {
  if (same_shape(in, out, o)) return;
  downsample.add(conv1x1(in, out, o.stride));
  add_module("downsample", downsample);
}

Tensor PreActBlock::operator()(const Tensor& x) const {
  Tensor active = relu(bn1(x));
  Tensor round = downsample.size() == 0 ? x : downsample(active);
  return conv2(relu(bn2(conv1(active)))) + round;
}

}  // namespace gg::nn
