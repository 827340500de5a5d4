// Pooling and resizing of images [N, C, H, W] as layers.
#pragma once

#include <optional>

#include "nn/module.h"
#include "ops/pool.h"

namespace gg::nn {

struct PoolLayerOptions {
  std::optional<Size2> stride = std::nullopt;  ///< by default as the kernel: windows side by side
  Size2 padding = 0;
};

/// The largest element of each window.
struct MaxPool2d : Module {
  explicit MaxPool2d(Size2 k, const PoolLayerOptions& o = {})
      : Module(str("MaxPool2d(", k, ")")), kernel(k), options(o) {}
  Tensor operator()(const Tensor& x) const {
    return max_pool2d(x, {.kernel = kernel, .stride = options.stride.value_or(kernel), .padding = options.padding});
  }
  Size2 kernel;
  PoolLayerOptions options;
};

/// The mean of each window; padded zeros count.
struct AvgPool2d : Module {
  explicit AvgPool2d(Size2 k, const PoolLayerOptions& o = {})
      : Module(str("AvgPool2d(", k, ")")), kernel(k), options(o) {}
  Tensor operator()(const Tensor& x) const {
    return avg_pool2d(x, {.kernel = kernel, .stride = options.stride.value_or(kernel), .padding = options.padding});
  }
  Size2 kernel;
  PoolLayerOptions options;
};

/// Makes images `scale` times as high and wide by repeating the nearest element.
struct Upsample : Module {
  explicit Upsample(Size2 s = 2) : Module(str("Upsample(", s, ")")), scale(s) {
    GG_CHECK(s.height > 0 && s.width > 0, description(), ": the scale must be positive");
  }
  Tensor operator()(const Tensor& x) const {
    GG_CHECK(x.rank() == 4, description(), ": expected [N, C, H, W], got ", x.shape());
    return interpolate_nearest(x, x.size(2) * scale.height, x.size(3) * scale.width);
  }
  Size2 scale;
};

}  // namespace gg::nn
