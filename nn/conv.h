// Convolution layers for images [N, C, H, W] and for sequences [N, C, L]: Conv2d(3, 8, 5, {.stride = 2, .padding = {1,
// 2}}, {.bias = false}). Options and output sizes: core/window.h and ops/conv2d.h. Initialised uniformly in
// ±1/sqrt(fan_in).
#pragma once

#include "nn/module.h"
#include "ops/conv1d.h"
#include "ops/conv2d.h"
#include "ops/unfold.h"

namespace gg::nn {

struct ConvLayerOptions {
  bool bias = true;
};

struct Conv2d : Module {
  Conv2d(int64_t in_channels, int64_t out_channels, Size2 kernel, const Conv2dOptions& options = {},
         const ConvLayerOptions& layer = {});
  Tensor operator()(const Tensor& x) const { return run(x, weight, bias); }
  /// The same with another weight and bias (nn/weight_norm.h).
  Tensor run(const Tensor& x, const Tensor& w, const Tensor& b) const { return conv2d(x, w, b, options); }
  static constexpr int kOutputAxis = 0;  ///< of the weight

  Parameter weight;  ///< [out, in/groups, height, width]
  Parameter bias;    ///< [out], or undefined
  Conv2dOptions options;
};

struct ConvTranspose2d : Module {
  ConvTranspose2d(int64_t in_channels, int64_t out_channels, Size2 kernel, const ConvTranspose2dOptions& options = {},
                  const ConvLayerOptions& layer = {});
  Tensor operator()(const Tensor& x) const { return run(x, weight, bias); }
  Tensor run(const Tensor& x, const Tensor& w, const Tensor& b) const { return conv_transpose2d(x, w, b, options); }
  static constexpr int kOutputAxis = 1;

  Parameter weight;  ///< [in, out/groups, height, width]
  Parameter bias;    ///< [out], or undefined
  ConvTranspose2dOptions options;
};

/// For x [N, C, L].
struct Conv1d : Module {
  Conv1d(int64_t in_channels, int64_t out_channels, int64_t kernel, const Conv1dOptions& options = {},
         const ConvLayerOptions& layer = {});
  Tensor operator()(const Tensor& x) const { return run(x, weight, bias); }
  Tensor run(const Tensor& x, const Tensor& w, const Tensor& b) const { return conv1d(x, w, b, options); }
  static constexpr int kOutputAxis = 0;

  Parameter weight;  ///< [out, in/groups, kernel]
  Parameter bias;    ///< [out], or undefined
  Conv1dOptions options;
};

struct ConvTranspose1d : Module {
  ConvTranspose1d(int64_t in_channels, int64_t out_channels, int64_t kernel, const ConvTranspose1dOptions& options = {},
                  const ConvLayerOptions& layer = {});
  Tensor operator()(const Tensor& x) const { return run(x, weight, bias); }
  Tensor run(const Tensor& x, const Tensor& w, const Tensor& b) const { return conv_transpose1d(x, w, b, options); }
  static constexpr int kOutputAxis = 1;

  Parameter weight;  ///< [in, out/groups, kernel]
  Parameter bias;    ///< [out], or undefined
  ConvTranspose1dOptions options;
};

/// The windows of images as columns, [N, C·kh·kw, places]: ops/unfold.h.
struct Unfold : Module {
  explicit Unfold(Size2 k, const UnfoldOptions& o = {}) : Module(str("Unfold(", k, ")")), kernel(k), options(o) {}
  Tensor operator()(const Tensor& x) const { return unfold(x, kernel, options); }
  Size2 kernel;
  UnfoldOptions options;
};

/// Columns added up to images of `size`.
struct Fold : Module {
  Fold(Size2 s, Size2 k, const UnfoldOptions& o = {})
      : Module(str("Fold(", s, ", ", k, ")")), size(s), kernel(k), options(o) {}
  Tensor operator()(const Tensor& columns) const { return fold(columns, size, kernel, options); }
  Size2 size, kernel;
  UnfoldOptions options;
};

}  // namespace gg::nn
