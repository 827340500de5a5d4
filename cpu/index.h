// Picking elements by integer positions, and the adjoints, which add elements at positions. Positions are i64 and are
// checked: one outside [0, size of the axis) throws, naming itself, its place and the size. Negative ones do not count
// from the end.
//
// The adding ones add to what is in `out`, in the order of the positions, so their results have the same bits for any
// number of threads.
#pragma once

#include "core/array.h"

namespace gg::cpu {

/// out[…, j, …] = x[…, index[j], …] along `axis`; index has one axis, as long as that axis of out. Any element type.
void index_select(Array out, Array x, Array index, int axis);

/// out[…, index[j], …] += x[…, j, …] along `axis`. f32, f64, i64.
void index_add(Array out, Array x, Array index, int axis);

/// out[…, j, …] = x[…, index[…, j, …], …] along `axis`: all of one rank, out of the shape of index, and no other axis
/// of index longer than that of x (PyTorch's gather). Any element type.
void gather(Array out, Array x, Array index, int axis);

/// out[…, index[…, j, …], …] += x[…, j, …] along `axis`: x of the shape of index (PyTorch's scatter_add). f32, f64,
/// i64.
void scatter_add(Array out, Array x, Array index, int axis);

}  // namespace gg::cpu
