// Linear algebra on the CPU by LAPACK, matrix by matrix. The last two axes are a matrix's; the leading ones agree, and
// outputs are row-major. f32 and f64. LAPACK comes with OpenBLAS, which admits one caller at a time
// (library_threads.h), so batches run one matrix after the other.
#pragma once

#include "core/array.h"

namespace gg::cpu {

/// x = a⁻¹·b by LU with partial pivoting: a [..., n, n], b and x [..., n, k]. Throws where a pivot is 0, naming it.
void solve(Array x, Array a, Array b);
/// The same for triangular a, of which only the named triangle is read. Throws where an element of the diagonal is 0.
void solve_triangular(Array x, Array a, Array b, bool upper);
/// The lower l with l·lᵀ = a, of which the lower triangle is read. Throws where a is not positive definite.
void cholesky(Array l, Array a);
/// The determinant's sign (−1, 0 or 1), the logarithm of its size and itself, by LU; out [...] each.
void determinant(Array sign, Array log_size, Array value, Array a);
/// Eigenvalues [..., n], smallest first, and unit eigenvectors as columns [..., n, n] of symmetric a, of which the
/// lower triangle is read. The largest entry of each vector is positive. Throws on entries that are not finite.
void eigh(Array values, Array vectors, Array a);
/// a [..., m, n] = u·diag(s)·vh, with u [..., m, k], s [..., k], largest first, vh [..., k, n], k = min(m, n). The
/// largest entry of each column of u is positive. Throws on entries that are not finite.
void svd(Array u, Array s, Array vh, Array a);

}  // namespace gg::cpu
