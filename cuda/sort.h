// The order of the elements of rows on a device: the CPU's cpu/sort.h.
#pragma once

#include "core/array.h"
#include "cuda/device_api.h"

GG_DEVICE_API(
    /// indices [..., k] (i64) = the positions of the first k elements of each row x [..., n] in ascending (descending)
    /// order; equal elements in the order of their positions, NaN as the largest, −0 equal to 0. f32, f64, i64. Any
    /// strides.
    void argsort(gg::Array indices, gg::Array x, bool descending);)
