// Trainings whose weight RMS was simulated before, with NumPy, and the numbers that came out: what `compare` repeats.
// Between them lies every way in which the estimates hold and fail: one pass over the data (κ up to 1) and many (κ of
// 10 to 50), β₂ of 0.95 and 0.999, gradients with a mean, weights that wither, and AdamC.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/weight_rms/simulation.h"

namespace gg::apps {

struct ReferenceCase {
  SimulatedCase simulated;
  std::string shape;  ///< "cosine → 0"
  double lambda = 0;
  /// What NumPy's AdamW gave, with RMS to so many digits after the point, and the estimates of the formulas then.
  double rms = 0, double_sum = 0;
  std::optional<double> mean_field = std::nullopt;
  int digits = 5;
};

/// Cases that are simulated together.
struct ReferenceGroup {
  std::string title;
  std::int64_t steps = 10000;
  std::int64_t dimension = 40000;  ///< as it was there
  std::vector<ReferenceCase> cases = {};
};

std::vector<ReferenceGroup> reference_groups();

}  // namespace gg::apps
