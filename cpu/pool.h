// Pooling and nearest-neighbour resizing of images [N, C, H, W], f32 or f64, any strides; NCHW and channels-last memory
// are both walked along their innermost axis.
//
// Max pooling gives values and positions: its gradient and all higher orders follow by cpu::gather and cpu::scatter_add
// along the flattened H·W axis.
#pragma once

#include "core/array.h"
#include "core/window.h"

namespace gg::cpu {

/// index (i64) [N, C, OH, OW] = where in its plane, as h·W + w, the largest element of each window stands: the first of
/// equals, and the last NaN if there is one, as in PyTorch. OH and OW as window_places gives them. Padding never
/// wins. values = the elements there, with the strides of index.
void max_pool2d(Array values, Array index, Array x, Pool2dOptions o);

/// out = the mean of each window, the zeros of the padding counted.
void avg_pool2d(Array out, Array x, Pool2dOptions o);

/// dx = the adjoint of avg_pool2d applied to g; what was in dx does not matter.
void avg_pool2d_adjoint(Array dx, Array g, Pool2dOptions o);

/// out[…, i, j] = x[…, ⌊i·H/OH⌋, ⌊j·W/OW⌋].
void interpolate_nearest(Array out, Array x);

/// dx = the adjoint of interpolate_nearest applied to g.
void interpolate_nearest_adjoint(Array dx, Array g);

}  // namespace gg::cpu
