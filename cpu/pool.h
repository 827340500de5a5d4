// Pooling and resizing of images [N, C, H, W], any strides, f32 and f64. Each plane is independent of the others.
#pragma once

#include "core/array.h"

namespace gg::cpu {

struct Pool2dParams {
  int64_t kernel[2] = {2, 2};
  int64_t stride[2] = {2, 2};
  int64_t padding[2] = {0, 0};
  int64_t dilation[2] = {1, 1};
};

/// index (i64) = where in its H·W plane the largest element of each window stands: the first of equal ones, NaN
/// counting as larger than everything.
void max_pool2d_index(Array index, Array x, Pool2dParams p);

/// The mean of each window, padded zeros counted.
void avg_pool2d(Array out, Array x, Pool2dParams p);
/// Its adjoint: spreads each element of g evenly over its window.
void avg_pool2d_adjoint(Array out, Array g, Pool2dParams p);

/// out[.., i, j] = x[.., ⌊i·H/H'⌋, ⌊j·W/W'⌋].
void interpolate_nearest(Array out, Array x);
/// Its adjoint: out[.., ⌊i·H/H'⌋, ..] += g[.., i, ..] with out [.., H, W] and g [.., H', W'].
void interpolate_nearest_adjoint(Array out, Array g);

}  // namespace gg::cpu
