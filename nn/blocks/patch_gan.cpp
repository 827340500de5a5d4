#include "nn/blocks/patch_gan.h"

#include <algorithm>

#include "nn/activation.h"
#include "nn/conv.h"
#include "nn/norm.h"

namespace gg::nn {

PatchGAN::PatchGAN(int64_t in, const PatchGANOptions& o)
    : Module(str("PatchGAN(", in, ", channels = ", o.channels, ", layers = ", o.layers, ")")),
      in_channels(in),
      options(o) {
  GG_CHECK(in > 0 && o.channels > 0 && o.layers >= 1, description(), ": sizes must be positive");
  layers.add(Conv2d(in, o.channels, 4, {.stride = 2, .padding = 1})).add(LeakyReLU(0.2));
  int64_t from = o.channels;
  for (int i = 1; i <= o.layers; ++i) {
    const int64_t to = o.channels * std::min<int64_t>(int64_t{1} << std::min(i, 3), 8);
    // A bias would be taken away again by the norm.
    layers.add(
        Conv2d(from, to, 4, {.stride = i < o.layers ? 2 : 1, .padding = 1}, {.bias = o.norm == PatchNorm::none}));
    if (o.norm == PatchNorm::batch) layers.add(BatchNorm2d(to));
    if (o.norm == PatchNorm::instance) layers.add(InstanceNorm2d(to));
    layers.add(LeakyReLU(0.2));
    from = to;
  }
  layers.add(Conv2d(from, 1, 4, {.stride = 1, .padding = 1}));
  add_module("layers", layers);
}

Tensor PatchGAN::operator()(const Tensor& x) const {
  GG_CHECK(x.rank() == 4 && x.size(1) == in_channels, description(), ": expected [N, ", in_channels, ", H, W], got ",
           x.shape());
  return layers(x);
}

}  // namespace gg::nn
