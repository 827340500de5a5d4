// AdamW, the library's own, on random gradients: what the estimates are held against. Every number of the weights gets
// gradients of its own from N(μ, σ²), independent from step to step, so the RMS over d numbers is known up to 1/√(2d).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "optim/weight_rms.h"

namespace gg::apps {

/// One training.
struct SimulatedCase {
  std::string name = {};
  optim::RateAndDecay plan = {};
  double beta1 = 0.9, beta2 = 0.95;
  double mu = 0, sigma = 1;
  double theta0_rms = 0.1;

  optim::weight_rms::Options estimate_options() const {
    return {.beta1 = beta1, .initial_rms = theta0_rms, .mean_to_noise = (mu / sigma) * (mu / sigma)};
  }
};

struct Simulated {
  std::vector<double> steps;  ///< updates done at each record, the first 0
  std::vector<double> rms;    ///< of the weights there
  /// RMS of Adam's u, the mean over records with at least a tenth of the largest rate; below, rounding of the weights
  /// hides small updates. NaN without such records.
  double update = 0;
  /// Cosine of the angle between the first weights and what updates added to them: the cross term that the estimates
  /// leave out. 0 where one of them is 0.
  double start_cosine = 0;
};

struct SimulationOptions {
  std::int64_t steps = 10000;
  std::int64_t dimension = 40000;
  std::uint64_t seed = 0;
  std::int64_t records = 200;
  /// Called now and then with the number of steps done.
  std::function<void(std::int64_t)> progress = nullptr;
};

/// All cases side by side as groups of one optimiser. They see the same random numbers, which makes their differences
/// more certain than their values. Throws apps::Stopped on a request to stop.
std::vector<Simulated> simulate(const std::vector<SimulatedCase>& cases, const SimulationOptions& options);

/// Relative standard error of a simulated RMS, 1/√(2d).
double simulation_error(std::int64_t dimension);

}  // namespace gg::apps
