// Picking elements by integer positions on a device, and the adjoints, which add elements at positions: the CPU's
// cpu/index.h. A position outside [0, size of the axis) picks NaN (int64: -1, bool: false) or is not added, and
// gg::Error follows when the host next waits for the device (cuda/faults.h).
//
// The adding ones add to what is in `out`, in the order of the positions and one by one, so results have the CPU's
// bits; after set_deterministic(false) (core/determinism.h) by atomics, in any order. Integers are added by atomics
// anyway.
#pragma once

#include "core/array.h"
#include "cuda/device_api.h"

GG_DEVICE_API(
    /// out[…, j, …] = x[…, index[j], …] along `axis`; index has one axis, as long as that axis of out. Any element
    /// type.
    void index_select(gg::Array out, gg::Array x, gg::Array index, int axis);

    /// out[…, index[j], …] += x[…, j, …] along `axis`. f32, f64, i64.
    void index_add(gg::Array out, gg::Array x, gg::Array index, int axis);

    /// out[…, j, …] = x[…, index[…, j, …], …] along `axis`: all of one rank, out of the shape of index, and no other
    /// axis of index longer than that of x (PyTorch's gather). Any element type.
    void gather(gg::Array out, gg::Array x, gg::Array index, int axis);

    /// out[…, index[…, j, …], …] += x[…, j, …] along `axis`: x of the shape of index (PyTorch's scatter_add). f32, f64,
    /// i64.
    void scatter_add(gg::Array out, gg::Array x, gg::Array index, int axis);)
