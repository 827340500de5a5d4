// Eigenvalues and eigenvectors of a symmetric matrix.
#pragma once

#include <vector>

#include "core/tensor.h"

namespace gg::metrics {

struct SymmetricEigen {
  std::vector<double> values;  ///< largest first
  Tensor vectors;              ///< float64 [n, n]; row i is the unit eigenvector of values[i]
};

/// Of a float64 CPU matrix [n, n], of which the upper triangle is read. By LAPACK's divide and conquer (dsyevd): a
/// fraction of a second for n = 784. Each vector's largest entry is made positive, so that results can be compared.
/// Throws on non-finite entries.
SymmetricEigen symmetric_eigen(const Tensor& matrix);

}  // namespace gg::metrics
