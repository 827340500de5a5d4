// The positions at which a mask holds, on a device: the CPU's cpu/nonzero.h.
#pragma once

#include "core/array.h"
#include "cuda/device_api.h"

GG_DEVICE_API(
    /// Row counts[i] - 1 of out [count, mask.rank()] (i64) = the position of element i of the mask (bool, contiguous),
    /// where that holds; counts (i64, contiguous) are the running sums of the mask's elements, which end with `count`.
    void nonzero(gg::Array out, gg::Array counts, gg::Array mask);)
