// Convolution layers for images [N, C, H, W]. Output sizes: ops/conv2d.h. Initialised uniformly in ±1/sqrt(fan_in).
#pragma once

#include "nn/module.h"
#include "nn/size2.h"

namespace gg::nn {

struct Conv2dLayerOptions {
  Size2 stride = 1;
  Size2 padding = 0;
  Size2 dilation = 1;
  int64_t groups = 1;
  bool bias = true;
};

struct Conv2d : Module {
  Conv2d(int64_t in_channels, int64_t out_channels, Size2 kernel, const Conv2dLayerOptions& options = {});
  Tensor operator()(const Tensor& x) const;

  Parameter weight;  ///< [out, in/groups, height, width]
  Parameter bias;    ///< [out], or undefined
  Conv2dLayerOptions options;
};

struct ConvTranspose2dLayerOptions {
  Size2 stride = 1;
  Size2 padding = 0;
  Size2 output_padding = 0;  ///< rows and columns added at the end of the output
  Size2 dilation = 1;
  int64_t groups = 1;
  bool bias = true;
};

struct ConvTranspose2d : Module {
  ConvTranspose2d(int64_t in_channels, int64_t out_channels, Size2 kernel,
                  const ConvTranspose2dLayerOptions& options = {});
  Tensor operator()(const Tensor& x) const;

  Parameter weight;  ///< [in, out/groups, height, width]
  Parameter bias;    ///< [out], or undefined
  ConvTranspose2dLayerOptions options;
};

}  // namespace gg::nn
