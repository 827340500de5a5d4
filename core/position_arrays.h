// What the kernels of every device that find positions or walk along an axis agree on about their arrays. Each check
// throws, naming the operation, what does not fit.
#pragma once

#include "core/array.h"

namespace gg {

/// out: x's shape, in x's type (of bool int64).
void check_cumsum(const Array& out, const Array& x);

/// indices: int64, x's shape but for the last axis, which may be shorter.
void check_argsort(const Array& indices, const Array& x);

/// out: int64 [found, rank of the mask]; counts: int64, row-major, a number for each element of the row-major mask.
void check_nonzero(const Array& out, const Array& counts, const Array& mask);

}  // namespace gg
