// WeightRmsProbe: records how large weights, updates and gradients are during any training, tensor by tensor, to hold
// against weight_rms.h. GradientMoments: the μ and σ of its formulas, measured.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "optim/optimizer.h"

namespace gg::optim {

struct ProbeOptions {
  int64_t every = 10;  ///< steps from one record to the next; the first step has one
};

/// To be used in place of optimizer.step() or optimizer.step(lr):
///   optim::WeightRmsProbe probe(net.named_parameters(), {.every = 20});
///   for (…) { …; loss.backward(); probe.step(optimizer); }
///   probe.records().back().weight[0];   // RMS of the first parameter
/// A step with a record reads parameters and gradients once more and copies the parameters; the others cost nothing.
class WeightRmsProbe {
 public:
  using Named = std::vector<std::pair<std::string, Tensor>>;

  /// RMS of each tensor, in the order of the names.
  struct Record {
    int64_t step = 0;              ///< updates done, this one included
    double lr = 0;                 ///< of the first tensor's group
    std::vector<double> weight;    ///< after the update
    std::vector<double> update;    ///< of (θ_{t−1} − θ_t)/η, decoupled decay left out: Adam's u. 0 where η is 0
    std::vector<double> gradient;  ///< before the update; NaN where there was none
  };

  /// Throws where there is nothing to record, or `every` is below 1.
  explicit WeightRmsProbe(Named parameters, const ProbeOptions& options = {});

  /// optimizer.step(), with a record where one is due. Throws where the optimiser does not have all the parameters.
  void step(Optimizer& optimizer);
  /// optimizer.step(lr), likewise.
  void step(Optimizer& optimizer, double lr);

  const std::vector<std::string>& names() const { return names_; }
  const std::vector<Record>& records() const { return records_; }
  /// RMS of each tensor now.
  std::vector<double> weights() const;

 private:
  std::vector<std::string> names_;
  std::vector<Tensor> parameters_;
  ProbeOptions options_;
  int64_t steps_ = 0;
  std::vector<Record> records_;
};

/// Adds up gradients and their squares over many steps of a training, for means and deviations of single numbers.
/// Reads each gradient three times a step: for studies.
class GradientMoments {
 public:
  explicit GradientMoments(std::vector<Tensor> parameters);

  /// Between backward() and step(). Parameters without gradient count as 0.
  void add();

  struct Of {
    /// r = ‖μ‖²/‖σ‖², with the part that is but noise of the mean taken off; 0 where less than nothing is left.
    double mean_to_noise = 0;
    /// The same where each number counts alike, as Adam has it: s/(1 − s) with s the mean of μ_i²/(μ_i² + σ_i²).
    double mean_to_noise_by_number = 0;
    double deviation = 0;  ///< RMS of σ
    double live = 0;       ///< share of the numbers that had a gradient other than 0 at all
  };
  /// Of one parameter. Throws before two calls of add().
  Of of(size_t parameter) const;
  int64_t steps() const { return steps_; }

  /// "steps", and "I.sum" and "I.square" of parameter number I, which share memory with this.
  TensorMap state_dict() const;
  /// Copies what state_dict returned. Throws, before anything has changed, where it does not fit.
  void load_state_dict(const TensorMap& state);

 private:
  std::vector<Tensor> parameters_, sums_, squares_;
  int64_t steps_ = 0;
};

}  // namespace gg::optim
