// RateAndDecay: the learning rate η_t and the weight decay λ_t of an optimiser's group, both schedules, and what they
// add up to. Read schedule.h first; weight_rms.h next, which says how large weights become under them.
//
//   const optim::RateAndDecay plan{.lr = optim::wsd({.peak = 1e-3, .steps = 10000, .warmup = 500, .decay = 2000}),
//                                  .weight_decay = 0.1};
//   for (int64_t step = 0; step < 10000; ++step) { …; plan.set(optimizer, step); optimizer.step(); }
#pragma once

#include <optional>
#include <vector>

#include "optim/optimizer.h"
#include "optim/schedule.h"

namespace gg::optim {

/// η and λ of one update after the other.
struct RatesAndDecays {
  std::vector<double> lr, weight_decay;  ///< as many of both
  size_t steps() const { return lr.size(); }
};

struct RateAndDecay {
  Schedule lr = 1e-3;
  Schedule weight_decay = 0;
  /// AdamC (Defazio 2025, arXiv 2506.02285): the decay follows the rate, λ_t = weight_decay(t)·η_t/η_max, so that η/λ
  /// stays what it is. The paper does this to the weights of normalised layers only.
  bool decay_follows_rate = false;

  double lr_at(int64_t step) const { return lr(step); }
  double weight_decay_at(int64_t step) const;
  RatesAndDecays values(int64_t steps) const;

  /// κ = Σ η_i λ_i and ν = Σ η_i² over the first `steps` updates.
  double kappa(int64_t steps) const;
  double nu(int64_t steps) const { return lr.square_sum(steps); }
  /// ∫₀ᵗ η λ ds where it has a closed form: the decay constant, following the rate or not; or the rate constant.
  std::optional<double> kappa_integral(double t) const;
  /// ∫₀ᵗ η² ds.
  double nu_integral(double t) const { return lr.square_integral(t); }

  /// Sets the rate (times the group's lr_scale) and decay of a group, or of all groups, for update `step`. Any rule:
  /// where decay is coupled, as in SGD, it is coupled as before. A group that had no decay gets it too; give groups
  /// plans of their own (below) to leave biases without.
  void set(Optimizer::Group group, int64_t step) const;
  void set(Optimizer& optimizer, int64_t step) const;
};

/// A plan for each group, in their order.
void set_rates_and_decays(Optimizer& optimizer, const std::vector<RateAndDecay>& plans, int64_t step);

}  // namespace gg::optim
