// Running sums and products along an axis. Scalars count as rows of one element.
#pragma once

#include "core/tensor.h"

namespace gg {

struct CumsumOptions {
  bool reverse = false;  ///< from each element to the end of the axis, instead of from its beginning
};
/// x₀, x₀+x₁, … along an axis; the shape is x's. Of bool tensors int64 counts. The derivative is the same in the
/// opposite direction. Floats are carried in double; bitwise the same for any number of threads.
Tensor cumsum(const Tensor& x, int axis, const CumsumOptions& options = {});

/// x₀, x₀·x₁, … along an axis of n elements, in ⌈log₂ n⌉ rounds of products (Hillis and Steele, "Data parallel
/// algorithms", 1986): nothing is divided, so derivatives of any order are right where elements are 0. A gradient keeps
/// about 2·⌈log₂ n⌉ tensors of x's size. Of bool tensors int64. Where the axis has one element the result may be x
/// itself: clone before writing in place.
Tensor cumprod(const Tensor& x, int axis);

}  // namespace gg
