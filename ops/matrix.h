// Matrices: triangles, diagonals, products of vectors. Matrices stand in the last two axes, the others are batches.
#pragma once

#include "core/tensor.h"

namespace gg {

/// The lower triangle: elements above the given diagonal (0 the main one, 1 the one above it, −1 below) become 0.
Tensor tril(const Tensor& x, int64_t diagonal = 0);
/// The upper triangle: elements below the given diagonal become 0.
Tensor triu(const Tensor& x, int64_t diagonal = 0);

struct DiagonalOptions {
  int64_t offset = 0;  ///< 1 the diagonal above the main one, −1 the one below
  int axis1 = -2, axis2 = -1;
};
/// Elements (i, i + offset) of two axes, which become one, the last. A view. (By default of the last two axes, where
/// PyTorch takes the first two.)
Tensor diagonal(const Tensor& x, const DiagonalOptions& options = {});
/// The adjoint of diagonal: zeros, square in two new axes, with the last axis of x on a diagonal. Axes are counted in
/// the result.
Tensor diag_embed(const Tensor& x, const DiagonalOptions& options = {});
/// The diagonal of a matrix, or the matrix with a vector on its diagonal.
Tensor diag(const Tensor& x, int64_t offset = 0);
/// The sum of the main diagonal of x [..., n, m]: [...].
Tensor trace(const Tensor& x);

/// aᵢ·bⱼ of two vectors: [n, m].
Tensor outer(const Tensor& a, const Tensor& b);
/// Σ aᵢ·bᵢ of two vectors: a scalar.
Tensor dot(const Tensor& a, const Tensor& b);

}  // namespace gg
