// Adam, and AdamW, which is Adam with decoupled weight decay.
#pragma once

#include <array>

#include "optim/optimizer.h"

namespace gg::optim {

struct AdamOptions {
  double lr = 1e-3;
  std::array<double, 2> betas = {0.9, 0.999};  ///< each in [0, 1)
  double eps = 1e-8;
  double weight_decay = 0;
  bool decoupled_weight_decay = false;  ///< see Adam
  double lr_scale = 1;                  ///< factor of the rate given to step(lr)
};

/// Kingma and Ba 2015, as PyTorch computes it. At update t, with g the gradient:
///   m ← β₁m + (1 − β₁)g,   v ← β₂v + (1 − β₂)g²,
///   p ← p − lr/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + eps).
/// Weight decay comes before that: coupled, it joins the gradient, g ← g + weight_decay·p (an L2 penalty); decoupled
/// (Loshchilov and Hutter 2019), it shrinks the parameter, p ← (1 − lr·weight_decay)·p.
/// State: "exp_avg" (m) and "exp_avg_sq" (v).
class Adam : public OptimizerWith<AdamOptions> {
 public:
  using Group = ParameterGroup<AdamOptions>;
  explicit Adam(std::vector<Tensor> parameters, const AdamOptions& options = {});
  explicit Adam(const std::vector<Group>& groups);

 protected:
  Adam(const char* name, const std::vector<Group>& groups);

 private:
  void check(size_t group) const final;
  size_t states_used(size_t) const final { return 2; }
  void update(size_t group, Slots slots) final;
};

/// AdamOptions with the defaults of AdamW.
struct AdamWOptions {
  double lr = 1e-3;
  std::array<double, 2> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 0.01;
  double lr_scale = 1;
  operator AdamOptions() const { return {lr, betas, eps, weight_decay, true, lr_scale}; }
};

/// Adam with decoupled weight decay.
class AdamW final : public Adam {
 public:
  using Group = ParameterGroup<AdamWOptions>;
  explicit AdamW(std::vector<Tensor> parameters, const AdamWOptions& options = {});
  explicit AdamW(const std::vector<Group>& groups);
};

}  // namespace gg::optim
