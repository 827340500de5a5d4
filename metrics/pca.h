// Principal component analysis: the best linear autoencoder, and the baseline that a nonlinear one must beat.
#pragma once

#include <vector>

#include "core/tensor.h"

namespace gg::metrics {

class Pca {
 public:
  /// Fits all components to the samples x [n, d] (floating, n ≥ 2), or [n, ...] seen as flat: eigenvectors of their
  /// covariance, computed in float64.
  explicit Pca(const Tensor& x);

  int64_t dimension() const { return mean_.size(0); }
  const Tensor& mean() const { return mean_; }                         ///< float64 [d]
  const Tensor& components() const { return components_; }             ///< float64 [d, d], a row each, largest first
  const std::vector<double>& variances() const { return variances_; }  ///< eigenvalues, divided by n

  /// Coordinates of x [n, ...] along the first k components: [n, k], in x's type.
  Tensor encode(const Tensor& x, int64_t k) const;
  /// From coordinates [n, k] back to samples [n, d].
  Tensor decode(const Tensor& code) const;
  /// decode(encode(x, k)) in x's shape.
  Tensor reconstruct(const Tensor& x, int64_t k) const;

  /// Mean over the samples it was fitted to of the summed squared error with k components: the sum of the variances
  /// left out.
  double residual(int64_t k) const;

 private:
  Tensor mean_, components_;
  std::vector<double> variances_;
};

}  // namespace gg::metrics
