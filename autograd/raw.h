// Unrecorded helpers on numbers, for code below the ops: the engine, and the ops' own forward functions.
#pragma once

#include "core/tensor.h"

namespace gg::raw {

Tensor clone(const Tensor& x);       ///< dense, in x's axis order
Tensor contiguous(const Tensor& x);  ///< x itself if it is, else a row-major copy
Tensor full(const Shape& shape, double value, TensorOptions o);
void copy_into(const Tensor& to, const Tensor& from);  ///< same shape; any layout, type and device
Tensor to_device(const Tensor& x, Device device);      ///< a copy in x's axis order; x itself if it is there

}  // namespace gg::raw
