// Matrix products.
#pragma once

#include "core/tensor.h"

namespace gg {

/// a [..., m, k] times b [..., k, n]: [..., m, n]; leading axes broadcast. A vector is a row as a, a column as b, and
/// its axis of size 1 is dropped again.
Tensor matmul(const Tensor& a, const Tensor& b);

/// x·wᵀ + b as nn::Linear computes it: x [..., in], w [out, in], b [out] or undefined.
Tensor linear(const Tensor& x, const Tensor& w, const Tensor& b = {});

}  // namespace gg
