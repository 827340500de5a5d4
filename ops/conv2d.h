// Two-dimensional convolution (cross-correlation, as everywhere in the field) and its two gradients: a family of three
// bilinear operations, each of whose rules are the other two, so no order of derivative needs another kernel. Float
// results on the CPU lie channels last in memory (docs/architecture.md).
#pragma once

#include "core/tensor.h"
#include "core/window.h"

namespace gg {

/// x [N, C, H, W], w [O, C/groups, kh, kw], b [O] or undefined: [N, O, H', W'],
/// H' = ⌊(H + 2·padding − dilation·(kh − 1) − 1) / stride⌋ + 1. Options: core/window.h.
Tensor conv2d(const Tensor& x, const Tensor& w, const Tensor& b = {}, const Conv2dOptions& options = {});

/// The gradient of conv2d with respect to an input of shape [N, C, H, W] = `input`: g [N, O, H', W'].
Tensor conv2d_input_grad(const Tensor& g, const Tensor& w, const Shape& input, const Conv2dOptions& options = {});

/// The gradient of conv2d with respect to a weight of shape `weight`.
Tensor conv2d_weight_grad(const Tensor& x, const Tensor& g, const Shape& weight, const Conv2dOptions& options = {});

struct ConvTranspose2dOptions {
  Size2 stride = 1;
  Size2 padding = 0;
  Size2 output_padding = 0;  ///< rows and columns added at the end, less than the larger of stride and dilation
  Size2 dilation = 1;
  int64_t groups = 1;
};

/// The transposed convolution: conv2d_input_grad with x in the place of the gradient. x [N, C, H, W],
/// w [C, O/groups, kh, kw], b [O]; H' = (H − 1)·stride − 2·padding + dilation·(kh − 1) + output_padding + 1.
Tensor conv_transpose2d(const Tensor& x, const Tensor& w, const Tensor& b = {},
                        const ConvTranspose2dOptions& options = {});

}  // namespace gg
