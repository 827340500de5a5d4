// Distances between all points of two sets.
#pragma once

#include "core/array.h"

namespace gg::cpu {

/// out[…, i, j] = Σₖ (a[…, i, k] − b[…, j, k])², of out [..., n, m], a [..., n, d] and b [..., m, d] with equal leading
/// axes (which may have strides of 0). The last axis of all has stride 1. f32, f64.
void squared_distance(Array out, Array a, Array b);

}  // namespace gg::cpu
