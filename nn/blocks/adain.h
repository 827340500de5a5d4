// Adaptive instance norm: a style sets mean and deviation of each channel.
#pragma once

#include "nn/linear.h"
#include "ops/norm.h"

namespace gg::nn {

struct AdaINOptions {
  double eps = 1e-5;  ///< added to variances
};

/// The statistics of another image: adain(content, style), content [N, C, H, W] and style [N, C, H', W']
/// (arXiv:1703.06868).
struct AdaIN : Module {
  explicit AdaIN(const AdaINOptions& o = {}) : Module("AdaIN"), options(o) {}
  Tensor operator()(const Tensor& content, const Tensor& style) const { return adain(content, style, options.eps); }
  AdaINOptions options;
};

/// Scale and shift of each channel from a style vector, as generators have it (arXiv:1812.04948): x [N, C, H, W] and
/// style [N, d] to (1 + scale) · instance_norm(x) + shift, (scale, shift) = linear(style).
struct StyleNorm : Module {
  StyleNorm(int64_t style_dim, int64_t channels, const AdaINOptions& options = {});
  Tensor operator()(const Tensor& x, const Tensor& style) const;

  Linear linear;
  int64_t channels;
  AdaINOptions options;
};

}  // namespace gg::nn
