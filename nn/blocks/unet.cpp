#include "nn/blocks/unet.h"

#include "nn/activation.h"
#include "nn/norm.h"
#include "ops/image.h"
#include "ops/pool.h"

namespace gg::nn {
namespace {

Sequential double_conv(int64_t in, int64_t out) {
  return Sequential{Conv2d(in, out, 3, {.padding = 1}, {.bias = false}),  BatchNorm2d(out), ReLU(),
                    Conv2d(out, out, 3, {.padding = 1}, {.bias = false}), BatchNorm2d(out), ReLU()};
}

Sequential upsampling_of(int64_t in, int64_t out, UNetUpsampling kind) {
  if (kind == UNetUpsampling::transposed) return Sequential{ConvTranspose2d(in, out, 2, {.stride = 2})};
  return Sequential{Conv2d(in, out, 1)};
}

// What a constructor needs before it makes its parts.
int64_t half_of(int64_t in, int64_t skip, int64_t out) {
  GG_CHECK(in >= 2 && in % 2 == 0, "UNetUp: the channels of what is made larger must be even and at least 2, got ", in);
  GG_CHECK(skip >= 1 && out >= 1, "UNetUp: expected at least one channel straight across and one of the result, got ",
           skip, " and ", out);
  return in / 2;
}

UNetOptions checked(int64_t in, int64_t out, const UNetOptions& o) {
  GG_CHECK(in >= 1 && out >= 1 && o.channels >= 1, "UNet: expected at least one channel, got ", in, " of the input, ",
           o.channels, " of the first level and ", out, " of the result");
  GG_CHECK(o.depth >= 1 && o.depth <= 16, "UNet: the depth must be from 1 to 16, got ", o.depth);
  return o;
}

}  // namespace

DoubleConv::DoubleConv(int64_t in, int64_t out)
    : Module(str("DoubleConv(", in, ", ", out, ")")), layers(register_module("layers", double_conv(in, out))) {}

UNetDown::UNetDown(int64_t in, int64_t out)
    : Module(str("UNetDown(", in, ", ", out, ")")), conv(register_module("conv", DoubleConv(in, out))) {}

Tensor UNetDown::operator()(const Tensor& x) const { return conv(max_pool2d(x)); }

UNetUp::UNetUp(int64_t in, int64_t skip, int64_t out, UNetUpsampling kind)
    : Module(str("UNetUp(", in, ", ", skip, ", ", out, ")")),
      upsampling(kind),
      up(register_module("up", upsampling_of(in, half_of(in, skip, out), kind))),
      conv(register_module("conv", DoubleConv(in / 2 + skip, out))) {}

Tensor UNetUp::operator()(const Tensor& x, const Tensor& across) const {
  GG_CHECK(x.rank() == 4 && across.rank() == 4 && across.size(2) / 2 == x.size(2) && across.size(3) / 2 == x.size(3),
           description(), ": expected an image [N, C, H, W] and one of half its size, got ", across.shape(), " and ",
           x.shape());
  Tensor large;
  if (upsampling == UNetUpsampling::transposed) {
    large = up(x);
    // An odd row or column was lost on the way down: the edge stands in for it.
    large = pad(large, {{2, 0, across.size(2) - large.size(2)}, {3, 0, across.size(3) - large.size(3)}},
                PadMode::replicate);
  } else {
    large = interpolate_bilinear(up(x), across.size(2), across.size(3));  // the cheaper order of two linear maps
  }
  return conv(concat({across, large}, 1));
}

UNet::UNet(int64_t in, int64_t out, const UNetOptions& o)
    : Module(str("UNet(", in, ", ", out, ", channels = ", o.channels, ", depth = ", o.depth, ")")),
      options(checked(in, out, o)),
      first(register_module("first", DoubleConv(in, o.channels))),
      last(Conv2d(o.channels, out, 1)) {
  for (int i = 0; i < o.depth; ++i) {
    const int64_t c = o.channels << i;
    down.push_back(register_module(str("down", i + 1), UNetDown(c, 2 * c)));
  }
  for (int i = o.depth; i-- > 0;) {
    const int64_t c = o.channels << i;
    up.push_back(register_module(str("up", o.depth - i), UNetUp(2 * c, c, c, o.upsampling)));
  }
  add_module("last", last);
}

Tensor UNet::operator()(const Tensor& x) const {
  const int64_t least = int64_t{1} << options.depth;
  GG_CHECK(x.rank() == 4 && x.size(2) >= least && x.size(3) >= least, description(),
           ": expected [N, C, H, W] of height and width at least ", least, ", got ", x.shape());
  GG_CHECK(!training() || x.size(0) * (x.size(2) / least) * (x.size(3) / least) != 1, description(),
           ": the innermost block (down", options.depth, ") would see one pixel of ", x.shape(),
           ", and batch norm in training needs more: give it more images, larger ones, or a smaller depth");
  std::vector<Tensor> levels{first(x)};
  for (const UNetDown& d : down) levels.push_back(d(levels.back()));
  Tensor y = levels.back();
  for (size_t i = 0; i < up.size(); ++i) y = up[i](y, levels[levels.size() - 2 - i]);
  return last(y);
}

}  // namespace gg::nn
