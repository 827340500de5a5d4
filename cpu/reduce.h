// Sums, and largest and smallest elements with their positions.
//
// Sums use a fixed tree that depends on shape and strides only: blocks of at most a few hundred elements are added in
// the element type in many lanes, and the blocks' sums in double. So a float sum is about as exact as its inputs, and
// has the same bits for any number of threads.
#pragma once

#include "core/array.h"

namespace gg::cpu {

/// out = x summed over the axes where out has size 1 and x has not; out has the rank of x. f32, f64, i64 (which wraps
/// around), or x bool and out i64 (counts). Any strides; those of x may be 0. A sum of nothing is 0.
void sum(Array out, Array x);

/// out = the squared distances of x from their mean, summed over the same axes and divided by `divisor`. f32, f64. x is
/// read from memory once: means and distances of blocks that fit in the cache are merged by the rule of Chan, Golub and
/// LeVeque (1979), so a large mean costs no digits.
void var(Array out, Array x, double divisor);

/// values = the largest element along `axis`, indices (i64) = where it first stands, both of the shape of x with size 1
/// at that axis. NaN counts as larger than everything, as in PyTorch. f32, f64, i64. Throws where the axis is empty.
/// Either output may have a null pointer, which means that it is not wanted.
void max(Array values, Array indices, Array x, int axis);

/// The same for the smallest element; NaN counts as smaller than everything.
void min(Array values, Array indices, Array x, int axis);

}  // namespace gg::cpu
