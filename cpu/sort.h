// The order of the elements of rows.
#pragma once

#include "core/array.h"

namespace gg::cpu {

/// indices [..., k] (i64) = the positions of the first k elements of each row x [..., n] in ascending (descending)
/// order; equal elements in the order of their positions, NaN as the largest, −0 equal to 0. k ≤ n < 2^32. f32, f64,
/// i64. Any strides.
void argsort(Array indices, Array x, bool descending);

}  // namespace gg::cpu
