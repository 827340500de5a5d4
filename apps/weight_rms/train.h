// `weight_rms train`: real networks on real images, with the RMS of each tensor recorded on the way and held against
// the estimates. The trainings are in train.cpp, the page in train_report.cpp.
#pragma once

#include <string>
#include <vector>

#include "apps/common/app.h"
#include "apps/common/report.h"
#include "apps/weight_rms/plan_options.h"

namespace gg::apps {

struct TrainCommand {
  PlanOptions plan{.steps = 3000, .eta_end = 0.1, .lambda = 1};
  std::vector<std::string> networks = {"mlp", "cnn"};
  std::int64_t batch_size = 128;
  std::int64_t train_images = 0;
  std::int64_t every = 20;
  std::int64_t checkpoint_every = 500;
  void declare(OptionSet& options);
};

/// What came of one tensor.
struct TensorRms {
  std::string name;
  std::int64_t numbers = 0;
  std::vector<double> steps = {}, measured = {}, update = {};  ///< RMS of the weights and of Adam's u, at the records
  /// Of its gradients over the whole training: see optim::GradientMoments.
  double mean_to_noise = 0, mean_to_noise_by_number = 0, live = 1;
  /// Number by number, of gradients as updates have them: each divided by the root of Adam's v of its step.
  double mean_to_noise_divided = 0;
  /// Estimates by the double sum: for gradients of mean 0, and with the measured means.
  optim::weight_rms::Trajectory no_mean = {}, with_mean = {}, with_mean_by_number = {}, with_mean_divided = {};

  double end() const { return measured.back(); }
  double error_of(const optim::weight_rms::Trajectory& estimate) const { return estimate.back() / end() - 1; }
  bool is_weight() const { return name.ends_with("weight"); }
};

struct TrainedNetwork {
  std::string name;
  std::vector<TensorRms> tensors = {};
  double test_error = 0, kappa = 0, seconds = 0;
};

struct TrainResult {
  std::vector<TrainedNetwork> networks = {};
  std::string data_name = {};
  std::vector<std::string> warnings = {};  ///< what to be careful with in the plan
};

TrainResult run(RunContext& context, const TrainCommand& options);
Json summary_of(const TrainResult& result);
std::string table_of(const TrainResult& result);
void add_to_report(Report& report, RunContext& context, const TrainCommand& options, const TrainResult& result);

}  // namespace gg::apps
