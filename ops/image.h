// Operations on images [N, C, H, W] that are made of others: pixels that change places with channels, and frames of
// what is in the image. See also pool.h (pooling, resizing), grid_sample.h and conv2d.h.
#pragma once

#include <vector>

#include "ops/shape.h"

namespace gg {

/// x [N, C·r², H, W] to [N, C, r·H, r·W]: the channels c·r² + i·r + j become the pixel (i, j) of each r × r block
/// (arXiv:1609.05158).
Tensor pixel_shuffle(const Tensor& x, int64_t factor);
/// The inverse: x [N, C, r·H, r·W] to [N, C·r², H, W].
Tensor pixel_unshuffle(const Tensor& x, int64_t factor);

/// What stands around x where it is no constant.
enum class PadMode {
  reflect,    ///< its mirror image without the edge itself: c b [a b c] b a; widths less than the axis
  replicate,  ///< its edge, again and again: a a [a b c] c c
  circular,   ///< its other end: b c [a b c] a b; widths at most the axis
};
/// x with that put around it; widths for one axis add up.
Tensor pad(const Tensor& x, const std::vector<Padding>& padding, PadMode mode);

}  // namespace gg
