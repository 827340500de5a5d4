// Changes of shape as layers.
#pragma once

#include "nn/module.h"
#include "ops/image.h"
#include "ops/shape.h"

namespace gg::nn {

/// Gives back x: for a place that a model must fill, as the shortcut of a residual block.
struct Identity : Module {
  Identity() : Module("Identity") {}
  Tensor operator()(const Tensor& x) const { return x; }
};

/// Merges axes first … last into one; by default all but the batch axis.
struct Flatten : Module {
  explicit Flatten(int f = 1, int l = -1) : Module("Flatten"), first(f), last(l) {}
  Tensor operator()(const Tensor& x) const { return flatten(x, first, last); }
  int first, last;
};

/// Gives each sample of x [N, ...] the shape `shape`, one entry of which may be -1: [N, ...shape]. PyTorch's
/// Unflatten(dim, sizes) splits one axis; this takes all axes but the batch's together.
struct Unflatten : Module {
  explicit Unflatten(const Shape& s) : Module(str("Unflatten(", s, ")")), shape(s) {}
  Tensor operator()(const Tensor& x) const {
    GG_CHECK(x.rank() >= 1, description(), ": expected a batch [N, ...], got a scalar");
    Shape sample = shape;
    int64_t known = 1, all = x.shape().part(1, x.rank()).numel();
    int unknown = 0, at = 0;
    for (int i = 0; i < shape.rank(); ++i) {
      if (shape[i] != -1) {
        known *= shape[i];
      } else {
        ++unknown;
        at = i;
      }
    }
    // From a sample, since an empty batch has no elements to count; reshape complains of what does not fit.
    if (unknown == 1 && known > 0 && all % known == 0) sample[at] = all / known;
    return reshape(x, sample.inserted(0, x.size(0)));
  }
  Shape shape;
};

/// x [N, C·r², H, W] to [N, C, r·H, r·W]: ops/image.h.
struct PixelShuffle : Module {
  explicit PixelShuffle(int64_t r) : Module(str("PixelShuffle(", r, ")")), factor(r) {
    GG_CHECK(r > 0, description(), ": the factor must be positive");
  }
  Tensor operator()(const Tensor& x) const { return pixel_shuffle(x, factor); }
  int64_t factor;
};

/// x [N, C, r·H, r·W] to [N, C·r², H, W].
struct PixelUnshuffle : Module {
  explicit PixelUnshuffle(int64_t r) : Module(str("PixelUnshuffle(", r, ")")), factor(r) {
    GG_CHECK(r > 0, description(), ": the factor must be positive");
  }
  Tensor operator()(const Tensor& x) const { return pixel_unshuffle(x, factor); }
  int64_t factor;
};

}  // namespace gg::nn
