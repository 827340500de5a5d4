// RMSprop: gradients divided by the root of a running mean of their squares.
#pragma once

#include "optim/optimizer.h"

namespace gg::optim {

struct RmsPropOptions {
  double lr = 1e-2;
  double alpha = 0.99;      ///< in [0, 1): weight of the old mean of squares
  double eps = 1e-8;        ///< not negative
  double weight_decay = 0;  ///< added to the gradient as weight_decay · parameter (an L2 penalty)
  double momentum = 0;      ///< in [0, 1)
  bool centered = false;    ///< divide by the standard deviation instead of the root mean square
  double lr_scale = 1;      ///< factor of the rate given to step(lr)
};

/// Hinton's RMSprop (lecture 6e of Neural Networks for Machine Learning, 2012) as PyTorch computes it. With
/// d = g + weight_decay·p:
///   v ← αv + (1 − α)d²,   a ← αa + (1 − α)d (centered),   b ← momentum·b + d / (√(v − a²) + eps),   p ← p − lr·b.
/// State: "square_avg" (v), "momentum_buffer" (b) from the first step with momentum, "grad_avg" (a) where centered.
class RMSprop final : public OptimizerWith<RmsPropOptions> {
 public:
  using Group = ParameterGroup<RmsPropOptions>;
  explicit RMSprop(std::vector<Tensor> parameters, const RmsPropOptions& options = {});
  explicit RMSprop(const std::vector<Group>& groups);

 private:
  void check(size_t group) const override;
  size_t states_used(size_t group) const override;
  void update(size_t group, Slots slots) override;
};

}  // namespace gg::optim
