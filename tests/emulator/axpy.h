// Launchers that show how an elementwise kernel is made: declared here for hosts, defined in axpy.cu for both devices.
#pragma once

#include "core/array.h"
#include "cuda/device_api.h"

GG_DEVICE_API(
    /// out = a * x + y for f32 or f64, any layout.
    void axpy(double a, const gg::Array& x, const gg::Array& y, const gg::Array& out);
    /// out = x > threshold, bool from f32: types of different size in one launch.
    void above(float threshold, const gg::Array& x, const gg::Array& out);
    /// out = value, f64: no inputs.
    void constant(double value, const gg::Array& out);)
