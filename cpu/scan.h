// Running sums along an axis.
#pragma once

#include "core/array.h"

namespace gg::cpu {

/// out[…, j, …] = x[…, 0, …] + … + x[…, j, …] along `axis`, or with `reverse` x[…, j, …] + … to the end. Equal shapes,
/// any strides. f32 and f64 (carried in double), i64 (which wraps around), or x bool and out i64 (counts). The sums are
/// cut by the length of the axis alone: the same bits for any number of threads.
void cumsum(Array out, Array x, int axis, bool reverse);

}  // namespace gg::cpu
