// The first Jacobian of a network: where a batch enters through one matrix product, it is that matrix, for all samples.
// For laplacian.cpp.
#pragma once

#include "autograd/functional/transforms.h"

namespace gg::detail {

/// The matrix [in, out] by which f multiplies x [N, in], with its history, if x is read by this product alone (perhaps
/// after a reshape); else undefined. Evaluates f once and looks at the graph.
Tensor entry_matrix(const Function& f, const Tensor& x);

/// Rows [k, out] with the same sum of squares as the rows of m [in, out], rᵀ·r = mᵀ·m: what a Laplacian needs to know
/// of m. k is out where that is much less than in, and `in` else (m itself).
///
/// r is the transposed Cholesky factor of mᵀ·m. Where m has rows too close to linear dependence for that, m is taken.
Tensor compressed_rows(const Tensor& m);

}  // namespace gg::detail
