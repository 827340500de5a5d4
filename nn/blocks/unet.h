// U-Net (arXiv:1505.04597): an encoder that halves the image, a decoder that doubles it, and at each size a way
// straight across. Convolutions keep the size (padding 1) and have batch norm, as is usual now; the paper had neither.
#pragma once

#include <vector>

#include "nn/conv.h"
#include "nn/sequential.h"

namespace gg::nn {

/// relu(bn(conv)) twice, with 3 × 3 convolutions: [N, in, H, W] to [N, out, H, W].
struct DoubleConv : Module {
  DoubleConv(int64_t in_channels, int64_t out_channels);
  Tensor operator()(const Tensor& x) const { return layers(x); }

  Sequential layers;
};

/// Halves height and width (rounding down) by max pooling, then DoubleConv.
struct UNetDown : Module {
  UNetDown(int64_t in_channels, int64_t out_channels);
  Tensor operator()(const Tensor& x) const;

  DoubleConv conv;
};

/// How an image is made larger.
enum class UNetUpsampling {
  transposed,  ///< a transposed convolution of kernel and stride 2, as in the paper
  bilinear,    ///< interpolation and a 1 × 1 convolution
};

/// Makes x [N, in, h, w] as large as the image `across` [N, skip, H, W] and halves its channels, puts both together,
/// and applies DoubleConv: [N, out, H, W].
struct UNetUp : Module {
  UNetUp(int64_t in_channels, int64_t skip_channels, int64_t out_channels,
         UNetUpsampling upsampling = UNetUpsampling::transposed);
  Tensor operator()(const Tensor& x, const Tensor& across) const;

  UNetUpsampling upsampling;
  Sequential up;  ///< one convolution
  DoubleConv conv;
};

struct UNetOptions {
  int64_t channels = 64;  ///< of the first level; each deeper one has twice as many
  int depth = 4;          ///< how often the image is halved
  UNetUpsampling upsampling = UNetUpsampling::transposed;
};

/// [N, in, H, W] to [N, out, H, W]; H and W at least 2^depth, of any such size. In training the innermost level needs
/// more than one pixel, for its batch norm: more than one image, or one with a side of at least 2^(depth + 1).
struct UNet : Module {
  UNet(int64_t in_channels, int64_t out_channels, const UNetOptions& options = {});
  Tensor operator()(const Tensor& x) const;

  UNetOptions options;
  DoubleConv first;
  std::vector<UNetDown> down;
  std::vector<UNetUp> up;  ///< the deepest first
  Conv2d last;             ///< 1 × 1
};

}  // namespace gg::nn
