// Distances between all points of two sets, on a device: the CPU's cpu/distance.h.
#pragma once

#include "core/array.h"
#include "cuda/device_api.h"

GG_DEVICE_API(
    /// out[…, i, j] = Σₖ (a[…, i, k] − b[…, j, k])², of out [..., n, m], a [..., n, d] and b [..., m, d] with equal
    /// leading axes (which may have strides of 0). The last axis of all has stride 1. f32, f64.
    void squared_distance(gg::Array out, gg::Array a, gg::Array b);)
