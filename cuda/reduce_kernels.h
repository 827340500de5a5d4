// Sums, and largest and smallest elements with their positions, on a device: the CPU's cpu/reduce.h. Results repeat bit
// by bit: the order of the operations follows from shape and strides.
#pragma once

#include "core/array.h"
#include "cuda/device_api.h"

GG_DEVICE_API(
    /// out = x summed over the axes where out has size 1 and x has not; out has the rank of x. f32, f64, i64 (which
    /// wraps around), or x bool and out i64 (counts). Any strides. A sum of nothing is 0. Floats are added eight at a
    /// time in their type, and those sums in double.
    void sum(gg::Array out, gg::Array x);

    /// out = the squared distances of x from their mean, summed over the same axes and divided by `divisor`. f32, f64.
    /// x is read once.
    void var(gg::Array out, gg::Array x, double divisor);

    /// values = the largest element along `axis`, indices (i64) = where it first stands, both of the shape of x with
    /// size 1 at that axis; NaN counts as larger than everything. f32, f64, i64. Throws where the axis is empty. Either
    /// output may have a null pointer, which means that it is not wanted.
    void max(gg::Array values, gg::Array indices, gg::Array x, int axis);

    /// The same for the smallest element; NaN counts as smaller than everything.
    void min(gg::Array values, gg::Array indices, gg::Array x, int axis);)
