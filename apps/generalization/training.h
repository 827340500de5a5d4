// How one network learns in this app: a fixed number of steps of Adam on a loss that a method defines, on labelled
// samples drawn with replacement and as many unlabelled ones as the method asks for. Methods that are compared start
// from the same weights and see the same batches.
//
//   std::vector<Arm> arms = {{"supervised", supervised},
//                            {"noise", [](const Step& s) { return cross_entropy(s.model(noisy(s.x)), s.y); }}};
//   Comparison result = compare(lab, data, arms, training);     // mean ± std over replicates, resumable
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "apps/generalization/lab.h"
#include "apps/generalization/statistics.h"
#include "losses/noise.h"
#include "models/classifier.h"

namespace gg::apps {

struct TrainingOptions {
  std::int64_t replicates = 5;
  std::int64_t steps = 2000;
  std::int64_t batch = 64;
  std::int64_t unlabelled_batch = 128;
  double lr = 1e-3;
  std::vector<std::int64_t> hidden = {128, 128};
  std::vector<std::int64_t> channels = {};
  std::string activation = "relu";
  void declare(OptionSet& options);
};

/// What a method's loss is made of. Random numbers come from the default generator, which was seeded for the replicate.
struct Step {
  const models::Classifier& model;     ///< in training mode
  Tensor x, y;                         ///< labelled batch
  std::function<Tensor()> unlabelled;  ///< a batch of unlabelled samples, the same at each call
  std::int64_t number = 0;             ///< from 0
  /// Where a method puts noise on the weights: it must last until the gradient is there, which is after the method
  /// returned.
  mutable std::unique_ptr<losses::Perturbed> weights = nullptr;
  /// The values of the parts that a method says its loss is made of.
  mutable std::map<std::string, double> terms = {};
  /// Notes the value of a part of the loss, and returns it.
  Tensor term(const std::string& name, const Tensor& value) const;
};

/// The loss of a step: a scalar with history.
using Objective = std::function<Tensor(const Step&)>;

/// Cross-entropy on the labelled batch: the first term of every method here.
Tensor supervised(const Step& step);

/// One method with its setting.
struct Arm {
  std::string name;
  Objective objective;
  double setting = 0;  ///< a noise level, a weight: what a sweep varies
};

models::Classifier make_network(const Lab& lab, const DataSet& data, const TrainingOptions& options,
                                std::int64_t replicate);

/// Means over every hundredth part of the steps: of "loss", and of the terms that the method names.
using Curves = std::map<std::string, std::vector<double>>;

/// Trains `model` and leaves it in evaluation mode. Throws gg::Error where the loss becomes NaN or infinite, Stopped
/// (at a step) where a stop was requested.
Curves train_network(const Lab& lab, const models::Classifier& model, const Split& split,
                     const TrainingOptions& options, const Objective& objective, std::int64_t replicate);

/// test_accuracy, test_ece, test_nll, train_accuracy (on the labelled samples), gap (train − test accuracy),
/// validation_accuracy.
Json score(const Lab& lab, const models::Classifier& model, const Split& split);

/// Logits of all samples, in slices, on the CPU. Nothing is recorded.
Tensor logits_of(const Lab& lab, const models::Classifier& model, const Tensor& x);

struct ArmResult {
  std::string name;
  double setting = 0;
  std::vector<Json> scores;  ///< one for each replicate
  std::vector<double> values(const std::string& key) const;
  Spread of(const std::string& key) const { return spread(values(key)); }
};

struct Comparison {
  std::string data_set, title;
  std::vector<ArmResult> arms;
  const ArmResult& arm(const std::string& name) const;
};

/// Called with each trained network, within its trial: to draw or to measure it. What it returns joins the scores.
using Inspect = std::function<Json(const Arm&, std::int64_t replicate, const models::Classifier&, const Split&)>;

/// Trains every arm `options.replicates` times, one line of metrics.jsonl each. A training whose loss becomes infinite
/// has "diverged_at" and the scores of the weights before.
Comparison compare(Lab& lab, const DataSet& data, const std::vector<Arm>& arms, const TrainingOptions& options,
                   const Inspect& inspect = nullptr);

/// Of arms with these names the one of the best mean accuracy on validation data; of equals the first.
const ArmResult& best_on_validation(const Comparison& comparison, const std::vector<std::string>& names);

/// The table of a comparison: accuracy, difference to the first arm in pairs, calibration error, train-test gap.
void add_table(Section& section, const Comparison& comparison, const std::vector<std::string>& names,
               const std::string& caption);

/// For summary.json: for each arm mean and std of each score, and the paired difference of test accuracy.
Json summary_of(const Comparison& comparison);

}  // namespace gg::apps
