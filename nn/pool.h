// Pooling and resizing of images [N, C, H, W] as layers.
#pragma once

#include <optional>

#include "nn/module.h"
#include "ops/conv1d.h"
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

struct Pool1dLayerOptions {
  std::optional<int64_t> stride = std::nullopt;  ///< by default as the kernel
  int64_t padding = 0;
};

/// The same for x [N, C, L].
struct MaxPool1d : Module {
  explicit MaxPool1d(int64_t k, const Pool1dLayerOptions& o = {})
      : Module(str("MaxPool1d(", k, ")")), kernel(k), options(o) {}
  Tensor operator()(const Tensor& x) const {
    return max_pool1d(x, {.kernel = kernel, .stride = options.stride.value_or(kernel), .padding = options.padding});
  }
  int64_t kernel;
  Pool1dLayerOptions options;
};

struct AvgPool1d : Module {
  explicit AvgPool1d(int64_t k, const Pool1dLayerOptions& o = {})
      : Module(str("AvgPool1d(", k, ")")), kernel(k), options(o) {}
  Tensor operator()(const Tensor& x) const {
    return avg_pool1d(x, {.kernel = kernel, .stride = options.stride.value_or(kernel), .padding = options.padding});
  }
  int64_t kernel;
  Pool1dLayerOptions options;
};

/// The mean of windows that cover the image, so many of them along each axis; 1 is the mean of all of it.
struct AdaptiveAvgPool2d : Module {
  explicit AdaptiveAvgPool2d(Size2 s) : Module(str("AdaptiveAvgPool2d(", s, ")")), size(s) {
    GG_CHECK(s.height > 0 && s.width > 0, description(), ": the size must be positive");
  }
  Tensor operator()(const Tensor& x) const { return adaptive_avg_pool2d(x, size); }
  Size2 size;
};

enum class UpsampleMode {
  nearest,   ///< repeats the nearest element
  bilinear,  ///< interpolates between neighbours
};

struct UpsampleOptions {
  UpsampleMode mode = UpsampleMode::nearest;
  bool align_corners = false;  ///< bilinear only: see BilinearOptions
};

/// Makes images `scale` times as high and wide.
struct Upsample : Module {
  explicit Upsample(Size2 s = 2, const UpsampleOptions& o = {})
      : Module(str("Upsample(", s, o.mode == UpsampleMode::bilinear ? ", bilinear" : "",
                   o.align_corners ? ", align_corners = true)" : ")")),
        scale(s),
        options(o) {
    GG_CHECK(s.height > 0 && s.width > 0, description(), ": the scale must be positive");
    GG_CHECK(!o.align_corners || o.mode == UpsampleMode::bilinear, description(), ": align_corners is for bilinear");
  }
  Tensor operator()(const Tensor& x) const {
    GG_CHECK(x.rank() == 4, description(), ": expected [N, C, H, W], got ", x.shape());
    const int64_t height = x.size(2) * scale.height, width = x.size(3) * scale.width;
    if (options.mode == UpsampleMode::nearest) return interpolate_nearest(x, height, width);
    return interpolate_bilinear(x, height, width, {.align_corners = options.align_corners});
  }
  Size2 scale;
  UpsampleOptions options;
};

}  // namespace gg::nn
