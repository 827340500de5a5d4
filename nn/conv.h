// Convolution layers for images [N, C, H, W]: Conv2d(3, 8, 5, {.stride = 2, .padding = {1, 2}}, {.bias = false}).
// Options and output sizes: core/window.h and ops/conv2d.h. Initialised uniformly in ±1/sqrt(fan_in).
#pragma once

#include "nn/module.h"
#include "ops/conv2d.h"

namespace gg::nn {

struct ConvLayerOptions {
  bool bias = true;
};

struct Conv2d : Module {
  Conv2d(int64_t in_channels, int64_t out_channels, Size2 kernel, const Conv2dOptions& options = {},
         const ConvLayerOptions& layer = {});
  Tensor operator()(const Tensor& x) const;

  Parameter weight;  ///< [out, in/groups, height, width]
  Parameter bias;    ///< [out], or undefined
  Conv2dOptions options;
};

struct ConvTranspose2d : Module {
  ConvTranspose2d(int64_t in_channels, int64_t out_channels, Size2 kernel, const ConvTranspose2dOptions& options = {},
                  const ConvLayerOptions& layer = {});
  Tensor operator()(const Tensor& x) const;

  Parameter weight;  ///< [in, out/groups, height, width]
  Parameter bias;    ///< [out], or undefined
  ConvTranspose2dOptions options;
};

}  // namespace gg::nn
