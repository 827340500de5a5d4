// Running sums along an axis on a device: the CPU's cpu/scan.h.
#pragma once

#include "core/array.h"
#include "cuda/device_api.h"

GG_DEVICE_API(
    /// out[…, j, …] = x[…, 0, …] + … + x[…, j, …] along `axis`, or with `reverse` x[…, j, …] + … to the end. Equal
    /// shapes, any strides. f32 and f64 (carried in double), i64 (which wraps around), or x bool and out i64 (counts).
    /// The order of the additions follows from shape and strides, so results repeat bit by bit.
    void cumsum(gg::Array out, gg::Array x, int axis, bool reverse);)
