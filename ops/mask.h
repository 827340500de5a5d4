// Choosing by truth values.
#pragma once

#include "core/scalar.h"
#include "core/tensor.h"

namespace gg {

/// x with `value`, converted to x's type, where a bool mask holds. Both broadcast; x gets no gradient there.
Tensor masked_fill(const Tensor& x, const Tensor& mask, Scalar value);

// How many elements are chosen is known when the mask has been computed: these two wait for the device.

/// Where a bool mask holds, in row-major order: int64 [count, mask.rank()]. No gradient.
Tensor nonzero(const Tensor& mask);
/// The elements of x where a bool mask holds, in row-major order: [count]. Both broadcast.
Tensor masked_select(const Tensor& x, const Tensor& mask);

}  // namespace gg
