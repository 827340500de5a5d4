// Pooling and resizing of images [N, C, H, W].
#pragma once

#include <array>

#include "core/tensor.h"

namespace gg {

struct Pool2dOptions {
  std::array<int64_t, 2> kernel = {2, 2};
  std::array<int64_t, 2> stride = {0, 0};  ///< 0: as the kernel
  std::array<int64_t, 2> padding = {0, 0};
  std::array<int64_t, 2> dilation = {1, 1};  ///< max_pool2d only
};

/// Largest element of each window. The gradient goes to the first of equal elements.
Tensor max_pool2d(const Tensor& x, const Pool2dOptions& options = {});
/// Mean of each window; padded zeros count.
Tensor avg_pool2d(const Tensor& x, const Pool2dOptions& options = {});
/// Resizes to height × width by repeating the nearest element: source index ⌊i · in / out⌋.
Tensor interpolate_nearest(const Tensor& x, int64_t height, int64_t width);

}  // namespace gg
