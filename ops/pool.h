// Pooling and resizing of images [N, C, H, W].
#pragma once

#include "core/tensor.h"
#include "core/window.h"

namespace gg {

/// Largest element of each window of x [N, C, H, W]: [N, C, H', W']. Options and sizes: core/window.h. The gradient
/// goes to the first of equal elements.
Tensor max_pool2d(const Tensor& x, const Pool2dOptions& options = {});
/// Mean of each window; padded zeros count.
Tensor avg_pool2d(const Tensor& x, const Pool2dOptions& options = {});
/// Resizes to height × width by repeating the nearest element: source index ⌊i · in / out⌋.
Tensor interpolate_nearest(const Tensor& x, int64_t height, int64_t width);

}  // namespace gg
