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

struct BilinearOptions {
  bool align_corners = false;  ///< corner elements stay in their places; else the centres of equal areas are aligned
};
/// Resizes to height × width by interpolating between neighbouring elements, as PyTorch's interpolate with these sizes.
Tensor interpolate_bilinear(const Tensor& x, int64_t height, int64_t width, const BilinearOptions& options = {});

/// Mean over windows that cover x [N, C, H, W], `size` of them along each axis: [N, C, size]. Window i reaches from
/// ⌊i·H/size⌋ to ⌈(i + 1)·H/size⌉, so windows may differ in size and overlap by one element. Size 1 is the mean of the
/// whole image.
Tensor adaptive_avg_pool2d(const Tensor& x, Size2 size);

}  // namespace gg
