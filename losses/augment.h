// Images moved and scaled at random, which is noise of another kind: it goes along what a class is indifferent to.
#pragma once

#include "core/generator.h"
#include "core/tensor.h"

namespace gg::losses {

struct ShiftZoomOptions {
  double shift = 0.1;  ///< largest shift along each axis, as a share of the image's size, in [0, 1]
  double zoom = 0.1;   ///< each image is scaled by a factor between 1 − zoom and 1 + zoom, in [0, 1)
};

/// Each image of x [N, C, H, W] moved and scaled about its middle by numbers of its own, uniform within the limits,
/// read bilinearly, with 0 outside. Differentiable in x.
Tensor shift_and_zoom(const Tensor& x, const ShiftZoomOptions& options = {},
                      Generator& generator = default_generator());

}  // namespace gg::losses
