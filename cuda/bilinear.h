// Bilinear resizing on a device: the CPU's cpu/bilinear.h.
#pragma once

#include "core/array.h"
#include "core/resize.h"
#include "cuda/device_api.h"

GG_DEVICE_API(
    /// out [N, C, OH, OW] = x [N, C, H, W] read between its elements.
    void interpolate_bilinear(gg::Array out, gg::Array x, gg::LinearAxes axes);

    /// dx = the adjoint applied to g; what was in dx does not matter. `axes` are those of the forward call.
    void interpolate_bilinear_adjoint(gg::Array dx, gg::Array g, gg::LinearAxes axes);)
