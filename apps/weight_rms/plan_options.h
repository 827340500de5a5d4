// The options that say what AdamW shall do: learning rates, weight decays, betas, gradients and first weights. Most
// commands of this app begin with them. Read next: simulation.h.
#pragma once

#include <string>

#include "apps/common/options.h"
#include "optim/weight_rms.h"

namespace gg::apps {

struct PlanOptions {
  std::int64_t steps = 10000;
  double eta_max = 1e-3;
  std::string schedule = "cosine";
  double eta_end = 0;
  double warmup = 0;
  double decay = 0.2;
  double power = 1;
  double lambda = 0.1;
  std::string lambda_schedule = "constant";
  double lambda_end = 0;
  double beta1 = 0.9;
  double beta2 = 0.95;

  void declare(OptionSet& options);

  /// Throws gg::Error where the numbers contradict each other, or λη reaches 1.
  optim::RateAndDecay plan() const;
};

/// What gradients and first weights are like, where they are drawn.
struct NoiseOptions {
  double mu = 0;
  double sigma = 1;
  double theta0_rms = 0.1;
  void declare(OptionSet& options);
};

optim::weight_rms::Options estimate_options(const PlanOptions& plan, const NoiseOptions& noise);

/// The schedule of this name over `steps` steps: "constant", "linear", "warmup", "cosine", "wsd", "polynomial", "step",
/// "inverse_sqrt".
struct ShapeOptions {
  double peak = 1e-3;
  double end = 0;      ///< share of the peak
  double warmup = 0;   ///< share of the steps
  double decay = 0.2;  ///< share of the steps: of wsd
  double power = 1;    ///< of polynomial
};
optim::Schedule make_schedule(const std::string& name, std::int64_t steps, const ShapeOptions& shape);

/// "cosine to 0, λ 0.1": for titles and tables.
std::string describe(const PlanOptions& options);

/// What to be careful with in this plan, as sentences: empty for most.
std::vector<std::string> warnings(const optim::RatesAndDecays& updates, double kappa);

}  // namespace gg::apps
