// A small network whose layers are normalised, trained by AdamW and by AdamC: normalised layers do not change when
// their weights are scaled, but their gradients do, as 1/‖W‖. So weights that wither make gradients grow.
#pragma once

#include <cstdint>
#include <vector>

namespace gg::apps {

struct NormalisedTraining {
  std::vector<double> steps, rms, gradient;  ///< of the normalised layers' weights: RMS, and norm of the gradient
  double loss = 0;                           ///< mean over the last twentieth of the steps
};

struct NormalisedOptions {
  std::int64_t steps = 4000;
  double lr = 5e-3;
  double weight_decay = 1;
  bool decay_follows_rate = false;  ///< of the normalised layers alone, as the paper has it
  std::uint64_t seed = 0;
};

/// Noisy labels of a random teacher on fresh normal inputs in every step: gradients that never become 0. The rate goes
/// to 0 along a cosine. Throws apps::Stopped on a request to stop.
NormalisedTraining train_normalised(const NormalisedOptions& options);

}  // namespace gg::apps
