// Linear algebra: systems of equations, factorisations, eigenvalues. Of matrices in the last two axes; leading axes are
// batches. f32 and f64. All of it is computed on the CPU by LAPACK: on other devices the matrices are copied there and
// the results back, which waits for the device. Derivatives are tensor code, of any order, on the device itself but for
// the systems that they solve.
#pragma once

#include "core/tensor.h"

namespace gg {

/// x with a·x = b: a [..., n, n], b [..., n, k] or a vector [n]; leading axes broadcast. Throws where `a` is exactly
/// singular (a pivot is 0), naming the pivot; one that is nearly so gives large and inexact numbers.
Tensor solve(const Tensor& a, const Tensor& b);

struct TriangularOptions {
  bool upper = false;  ///< the triangle that is read; the other one may hold anything
};
/// The same for triangular a. Throws where an element of its diagonal is 0.
Tensor solve_triangular(const Tensor& a, const Tensor& b, const TriangularOptions& options = {});

/// a⁻¹ [..., n, n]. To apply it to something use solve, which is faster and more exact. Throws as solve does.
Tensor inverse(const Tensor& a);

/// The lower triangular l with l·lᵀ = (a + aᵀ)/2. Throws where that is not positive definite, or not finite.
Tensor cholesky(const Tensor& a);
/// x with l·lᵀ·x = b, l as cholesky gives it.
Tensor cholesky_solve(const Tensor& b, const Tensor& l);

/// The determinant [...] of a [..., n, n]; 1 for n = 0. The gradient is det·a⁻ᵀ, so it throws at singular matrices.
Tensor det(const Tensor& a);

struct SignedLog {
  Tensor sign;       ///< −1, 0 or 1; a constant
  Tensor logabsdet;  ///< −∞ where the determinant is 0
};
/// The determinant as sign and logarithm of its size, which neither overflow.
SignedLog slogdet(const Tensor& a);
/// log det a; NaN where the determinant is negative, −∞ where it is 0.
Tensor logdet(const Tensor& a);

struct Eigh {
  Tensor values;   ///< [..., n], smallest first
  Tensor vectors;  ///< [..., n, n]: columns of length 1, in the order of the values
};
/// The eigenvalues and eigenvectors of (a + aᵀ)/2. The largest entry of each vector is made positive, so results can be
/// compared, and the derivative is that of the vectors with their signs kept. Throws on entries that are not finite.
///
/// Equal eigenvalues: their vectors are any basis of their space and have no derivative, so a gradient (or tangent)
/// through `vectors` throws where two values are equal to rounding, i.e. differ by no more than n·eps·|largest|. First
/// derivatives of the values need no gap; where values are equal they are right for functions that do not depend on
/// their order (sums, products, norms). Second derivatives of the values go through the vectors.
Eigh eigh(const Tensor& a);
/// The values alone.
Tensor eigvalsh(const Tensor& a);

struct Svd {
  Tensor u;   ///< [..., m, k], orthonormal columns
  Tensor s;   ///< [..., k], largest first
  Tensor vh;  ///< [..., k, n], orthonormal rows
};
/// The thin singular value decomposition a = u·diag(s)·vh of a [..., m, n], k = min(m, n). The largest entry of each
/// column of u is made positive. Throws on entries that are not finite.
///
/// Derivatives through u or vh need different singular values, and where m ≠ n none that is 0; they throw otherwise, by
/// the rule of eigh. First derivatives of s need neither; where s is 0 they are those of a signed singular value.
Svd svd(const Tensor& a);
/// The singular values alone.
Tensor svdvals(const Tensor& a);

}  // namespace gg
