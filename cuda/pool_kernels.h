// Pooling and nearest-neighbour resizing of images [N, C, H, W] on a device, f32 or f64, any strides: the CPU's
// cpu/pool.h. Results repeat bit by bit.
#pragma once

#include "core/array.h"
#include "core/window.h"
#include "cuda/device_api.h"

GG_DEVICE_API(
    /// index (i64) [N, C, OH, OW] = where in its plane, as h·W + w, the largest element of each window stands: the
    /// first of equals, and the last NaN if there is one. Padding never wins. values = the elements there, with the
    /// strides of index.
    void max_pool2d(gg::Array values, gg::Array index, gg::Array x, gg::Pool2dOptions o);

    /// out = the mean of each window, the zeros of the padding counted.
    void avg_pool2d(gg::Array out, gg::Array x, gg::Pool2dOptions o);

    /// dx = the adjoint of avg_pool2d applied to g; what was in dx does not matter.
    void avg_pool2d_adjoint(gg::Array dx, gg::Array g, gg::Pool2dOptions o);

    /// out[…, i, j] = x[…, ⌊i·H/OH⌋, ⌊j·W/OW⌋].
    void interpolate_nearest(gg::Array out, gg::Array x);

    /// dx = the adjoint of interpolate_nearest applied to g.
    void interpolate_nearest_adjoint(gg::Array dx, gg::Array g);)
