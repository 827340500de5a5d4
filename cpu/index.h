// Reading and adding at positions given by integer arrays (i64). Positions are checked: one outside [0, size) throws,
// naming it and the size of the axis. Any strides.
#pragma once

#include "core/array.h"

namespace gg::cpu {

/// out[.., i, ..] = x[.., index[i], ..] along `axis`; any element type.
void index_select(Array out, Array x, Array index, int axis);

/// out[.., index[i], ..] += x[.., i, ..] along `axis`, in the order of i, so the bits are fixed. f32, f64, i64.
void index_add(Array out, Array x, Array index, int axis);

/// out[.., i, ..] = x[.., index[.., i, ..], ..]: out has the shape of index; any element type.
void gather(Array out, Array x, Array index, int axis);

/// out[.., index[.., i, ..], ..] += x[.., i, ..]: x has the shape of index. Along the axis in order. f32, f64, i64.
void scatter_add(Array out, Array x, Array index, int axis);

}  // namespace gg::cpu
