// The positions at which a mask holds.
#pragma once

#include "core/array.h"

namespace gg::cpu {

/// Row counts[i] - 1 of out [count, mask.rank()] (i64) = the position of element i of the mask (bool, contiguous),
/// where that holds; counts (i64, contiguous) are the running sums of the mask's elements, which end with `count`.
void nonzero(Array out, Array counts, Array mask);

}  // namespace gg::cpu
