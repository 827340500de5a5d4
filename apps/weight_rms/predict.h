// `weight_rms predict` and `weight_rms simulate`: one training, by all estimates, and with simulated AdamW beside them.
#pragma once

#include <optional>

#include "apps/common/app.h"
#include "apps/common/report.h"
#include "apps/weight_rms/plan_options.h"
#include "apps/weight_rms/simulation.h"

namespace gg::apps {

/// All estimates of one training.
struct Prediction {
  optim::RatesAndDecays updates;
  optim::weight_rms::Options options;
  double kappa = 0, nu = 0;
  /// Σ_j β̄₁(j, T): what the weights of all gradients in the mean of updates add up to. 1 but for the first steps, whose
  /// m has not filled up (the theory leaves the bias correction out).
  double weights_sum = 1;
  optim::weight_rms::Trajectory double_sum = {}, slow_variation = {}, ode = {}, mean_field = {}, steady_state = {};
  std::optional<optim::weight_rms::Bounds> bounds = std::nullopt;  ///< where the gradients' mean is 0
};
Prediction predict(const optim::RateAndDecay& plan, std::int64_t steps, const optim::weight_rms::Options& options);

/// κ, ν, the estimates at the end, update RMS, warnings; and with a simulation, that.
Json summary_of(const Prediction& prediction, const Simulated* simulated = nullptr);
std::string table_of(const Prediction& prediction, const Simulated* simulated = nullptr);
void add_to_report(Report& report, RunContext& context, const Prediction& prediction,
                   const Simulated* simulated = nullptr);

}  // namespace gg::apps
