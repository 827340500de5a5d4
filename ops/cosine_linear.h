// The linear layer of cosine classifiers and angular-margin losses.
#pragma once

#include "core/tensor.h"

namespace gg {

/// Cosines of the angles between rows of x [N, d] and rows of w [C, d]: [N, C]. A row shorter than 1e-12 is divided by
/// that instead of its length. Neither normalised rows nor their gradients are kept: beside the operands and the
/// result, memory is that of some rows of w, so C may be large.
Tensor cosine_linear(const Tensor& x, const Tensor& w);

}  // namespace gg
