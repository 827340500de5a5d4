// `weight_rms compare`: the estimates against AdamW on random gradients, for the trainings of reference_cases.h, from
// one command. The simulation is in simulation.h, the page in compare_report.cpp.
#pragma once

#include "apps/common/app.h"
#include "apps/common/report.h"
#include "apps/weight_rms/reference_cases.h"

namespace gg::apps {

struct CompareOptions {
  std::int64_t dimension = 40000;
  std::int64_t long_dimension = 1000;
  void declare(OptionSet& options);
};

/// One training, simulated and estimated.
struct Compared {
  ReferenceCase reference;
  std::int64_t steps = 0;
  double kappa = 0;
  double noise = 0;  ///< relative standard error of the simulated RMS
  Simulated simulated;
  optim::weight_rms::Trajectory double_sum = {}, slow_variation = {}, ode = {}, mean_field = {};
  /// Whether the simulated RMS is that of the reference but for the noise of both, and the double sum that of the
  /// reference but for its last digit.
  bool same_rms = false, same_estimate = false;

  double error_of(const optim::weight_rms::Trajectory& estimate) const {
    return estimate.back() / simulated.rms.back() - 1;
  }
};

struct CompareResult {
  std::vector<Compared> rows;
  double seconds = 0;
  std::size_t agreeing() const;
};

CompareResult run(RunContext& context, const CompareOptions& options);
Json summary_of(const CompareResult& result);
/// The rows as lines of text, for the terminal.
std::string table_of(const CompareResult& result);
void add_to_report(Report& report, RunContext& context, const CompareResult& result);

}  // namespace gg::apps
