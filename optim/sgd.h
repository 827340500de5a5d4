// Stochastic gradient descent.
#pragma once

#include "optim/optimizer.h"

namespace gg::optim {

struct SgdOptions {
  double lr = 1e-3;
  double momentum = 0;      ///< in [0, 1)
  double weight_decay = 0;  ///< added to the gradient as weight_decay · parameter (an L2 penalty)
  bool nesterov = false;    ///< needs momentum
  double lr_scale = 1;      ///< factor of the rate given to step(lr)
};

/// PyTorch's SGD without dampening. With gradient d = g + weight_decay·p:
///   b ← momentum·b + d,   p ← p − lr·b,   or with nesterov p ← p − lr·(d + momentum·b).
/// State: "momentum_buffer", where momentum is used by any group.
class SGD final : public Optimizer {
 public:
  using Group = ParameterGroup<SgdOptions>;
  explicit SGD(std::vector<Tensor> parameters, const SgdOptions& options = {});
  explicit SGD(const std::vector<Group>& groups);

 private:
  double learning_rate(size_t group) const override { return options_[group].lr; }
  double learning_rate_scale(size_t group) const override { return options_[group].lr_scale; }
  void update(size_t group, const cpu::OptimizerTable& table, Device device, int64_t step, double lr) override;
  std::vector<SgdOptions> options_;
};

}  // namespace gg::optim
