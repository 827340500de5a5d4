// Weights made of other numbers: a length and a direction (weight norm), or a matrix divided by its largest singular
// value (spectral norm). Layers that have such weights: nn/weight_norm.h.
#pragma once

#include "core/tensor.h"

namespace gg {

/// g·v / ‖v‖, the norm taken for each index along `axis` (0: each output of a linear layer or convolution) over all
/// other axes; g has v's shape with 1 on those (arXiv:1602.07868). Not defined where ‖v‖ is 0: NaN.
Tensor weight_norm(const Tensor& v, const Tensor& g, int axis = 0);
/// The norm that it divides by: v's shape with 1 on all axes but `axis`.
Tensor norm_except(const Tensor& v, int axis = 0);

/// Estimates of the singular vectors that belong to the largest singular value of a weight, seen as a matrix whose rows
/// are the indices along an axis: u [rows], v [columns], of length 1.
struct SingularVectors {
  Tensor u, v;
};
struct PowerIterationOptions {
  int steps = 1;
  double eps = 1e-12;  ///< the least length that is divided by
  int axis = 0;        ///< whose indices are the rows: 0 for Linear and Conv2d, 1 for ConvTranspose2d
};
/// v = wᵀu / ‖wᵀu‖ and u = wv / ‖wv‖, `steps` times. The result has no history.
SingularVectors power_iteration(const Tensor& w, const SingularVectors& vectors,
                                const PowerIterationOptions& options = {});

/// w / σ with σ = uᵀwv, the largest singular value where u and v are its vectors (arXiv:1802.05957). The derivative
/// takes u and v as constants, which at those vectors is that of σ itself.
Tensor spectral_norm(const Tensor& w, const SingularVectors& vectors, int axis = 0);

}  // namespace gg
