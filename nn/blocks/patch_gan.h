// PatchGAN (arXiv:1611.07004, section 6.1.2): a discriminator that judges overlapping patches of an image, each by one
// number, and so looks at texture.
#pragma once

#include "nn/sequential.h"

namespace gg::nn {

enum class PatchNorm { batch, instance, none };

struct PatchGANOptions {
  int64_t channels = 64;  ///< of the first layer; doubled from layer to layer, at most 8-fold
  int layers = 3;         ///< of stride 2. 3 judges patches of 70 × 70 pixels, 1 of 16 × 16
  /// Between the layers; none where a gradient penalty is taken. In training `batch` needs more than one pixel in all
  /// layers over all images, `instance` more than one in each image.
  PatchNorm norm = PatchNorm::batch;
};

/// x [N, in, H, W] to logits [N, 1, H', W'], one for each patch. A conditional one is given image and condition joined
/// along the channels.
struct PatchGAN : Module {
  explicit PatchGAN(int64_t in_channels, const PatchGANOptions& options = {});
  Tensor operator()(const Tensor& x) const;

  Sequential layers;
  int64_t in_channels;
  PatchGANOptions options;
};

}  // namespace gg::nn
