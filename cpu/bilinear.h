// Bilinear resizing of images [N, C, H, W] and its adjoint, f32 or f64. NCHW and channels-last memory are walked along
// their innermost axis; other layouts are copied first.
#pragma once

#include "core/array.h"
#include "core/resize.h"

namespace gg::cpu {

/// out [N, C, OH, OW] = x [N, C, H, W] read between its elements, first along the height, then along the width.
void interpolate_bilinear(Array out, Array x, LinearAxes axes);

/// dx = the adjoint applied to g; what was in dx does not matter. `axes` are those of the forward call.
void interpolate_bilinear_adjoint(Array dx, Array g, LinearAxes axes);

}  // namespace gg::cpu
