// Copies between layouts and element types on a device, and simple fills: the CPU's cpu/copy.h.
#pragma once

#include "core/array.h"
#include "cuda/device_api.h"

GG_DEVICE_API(
    /// out = x, for equal shapes, any strides (those of x may be 0), any element types (core/convert.h). The arrays
    /// must not overlap.
    void copy(gg::Array out, gg::Array x);

    /// Every element becomes `value`, converted to the element type of `out`.
    void fill(gg::Array out, double value); void fill(gg::Array out, int64_t value);

    /// out[i] = start + i · step along the only axis, computed in the type of the arguments; bool is refused.
    void arange(gg::Array out, double start, double step); void arange(gg::Array out, int64_t start, int64_t step);)
