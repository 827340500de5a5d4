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
/// State: "momentum_buffer", from the first step with momentum on.
class SGD final : public OptimizerWith<SgdOptions> {
 public:
  using Group = ParameterGroup<SgdOptions>;
  explicit SGD(std::vector<Tensor> parameters, const SgdOptions& options = {});
  explicit SGD(const std::vector<Group>& groups);

 private:
  void check(size_t group) const override;
  size_t states_used(size_t group) const override { return options(group).momentum > 0 ? 1 : 0; }
  void update(size_t group, Slots slots) override;
};

}  // namespace gg::optim
