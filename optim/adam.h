// Adam and AdamW.
#pragma once

#include <array>

#include "optim/optimizer.h"

namespace gg::optim {

struct AdamOptions {
  double lr = 1e-3;
  std::array<double, 2> betas = {0.9, 0.999};  ///< each in [0, 1)
  double eps = 1e-8;
  double weight_decay = 0;  ///< added to the gradient as weight_decay · parameter (an L2 penalty)
  double lr_scale = 1;      ///< factor of the rate given to step(lr)
};

struct AdamWOptions {
  double lr = 1e-3;
  std::array<double, 2> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 0.01;  ///< parameters shrink by the factor 1 − lr·weight_decay at each step
  double lr_scale = 1;
};

/// Kingma and Ba 2015, as PyTorch computes it. At update t, with g the gradient (plus weight_decay·p):
///   m ← β₁m + (1 − β₁)g,   v ← β₂v + (1 − β₂)g²,
///   p ← p − lr/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + eps).
/// State: "exp_avg" (m) and "exp_avg_sq" (v).
class Adam final : public Optimizer {
 public:
  using Group = ParameterGroup<AdamOptions>;
  explicit Adam(std::vector<Tensor> parameters, const AdamOptions& options = {});
  explicit Adam(const std::vector<Group>& groups);

 private:
  double learning_rate(size_t group) const override { return options_[group].lr; }
  double learning_rate_scale(size_t group) const override { return options_[group].lr_scale; }
  void update(size_t group, const cpu::OptimizerTable& table, Device device, int64_t step, double lr) override;
  std::vector<AdamOptions> options_;
};

/// Adam with decoupled weight decay (Loshchilov and Hutter 2019): p ← (1 − lr·weight_decay)·p, then Adam's update
/// without decay.
class AdamW final : public Optimizer {
 public:
  using Group = ParameterGroup<AdamWOptions>;
  explicit AdamW(std::vector<Tensor> parameters, const AdamWOptions& options = {});
  explicit AdamW(const std::vector<Group>& groups);

 private:
  double learning_rate(size_t group) const override { return options_[group].lr; }
  double learning_rate_scale(size_t group) const override { return options_[group].lr_scale; }
  void update(size_t group, const cpu::OptimizerTable& table, Device device, int64_t step, double lr) override;
  std::vector<AdamWOptions> options_;
};

}  // namespace gg::optim
