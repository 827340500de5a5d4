// SparseAdam: Adam for the rows that were used of large tables.
#pragma once

#include <array>
#include <vector>

#include "nn/embedding.h"
#include "optim/optimizer.h"

namespace gg::optim {

struct SparseAdamOptions {
  double lr = 1e-3;
  std::array<double, 2> betas = {0.9, 0.999};  ///< each in [0, 1)
  double eps = 1e-8;                           ///< above 0
  double weight_decay = 0;                     ///< must stay 0: decay would change every row
  double lr_scale = 1;                         ///< factor of the rate given to step(lr)
};

/// For nn::Embedding layers with `sparse`, as PyTorch's SparseAdam: at update t only rows that passes read since
/// zero_grad() change, and only their moments decay, with g the sum of the row's gradients:
///   m ← m + (1 − β₁)(g − m),   v ← v + (1 − β₂)(g² − v),
///   p ← p − lr·√(1 − β₂ᵗ)/(1 − β₁ᵗ) · m / (√v + eps).
/// A step costs as much as those rows; only the first one makes the state, as large as the table. All other parameters
/// of a model go to another optimiser, which leaves these tables alone since they have no gradient of their own. A
/// gradient in weight.grad() (from a pass in evaluation mode) is an error. clip_grad_norm_ does not see the rows.
/// State: "exp_avg" (m) and "exp_avg_sq" (v).
class SparseAdam final : public OptimizerWith<SparseAdamOptions> {
 public:
  explicit SparseAdam(std::vector<nn::Embedding> layers, const SparseAdamOptions& options = {});
  /// Forgets the rows of passes that have a gradient; those whose backward() is still to come stay.
  void zero_grad() const override;

 private:
  void check(size_t group) const override;
  size_t states_used(size_t) const override { return 2; }
  bool has_gradient(const Tensor& parameter) const override;
  void update(size_t group, Slots slots) override;
  const nn::Embedding& layer_of(const Tensor& parameter) const;

  std::vector<nn::Embedding> layers_;
};

}  // namespace gg::optim
