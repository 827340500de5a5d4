// fit: the ordinary training, on top of trainer.h. One model, one loss, AdamW with warm-up and cosine, and a limit on
// the gradient.
#pragma once

#include <string>

#include "apps/common/options.h"
#include "train/trainer.h"

namespace gg::train {

/// What a person may set of it.
struct FitOptions {
  std::int64_t epochs = 10;
  std::int64_t batch_size = 128;
  double lr = 2e-3;
  std::int64_t warmup = 200;
  double weight_decay = 0.01;
  double clip = 100;
  std::int64_t checkpoint_every = 500;
  std::int64_t log_every = 10;
  /// `prefix` stands before each name where a command trains several models.
  void declare(apps::OptionSet& options, const std::string& prefix);
};

/// A model and how it learns. The members that Stage has too are explained there; the checkpoint's parts are "model"
/// and "optimizer".
struct Fit {
  std::string name;
  nn::Module model;
  FitOptions options;
  std::shared_ptr<const data::Dataset> dataset;
  std::function<void(data::Batch&)> transform = nullptr;
  /// The loss of a batch: a scalar with history. May draw from the default generator.
  std::function<Tensor(const data::Batch&)> loss;
  std::function<Json()> evaluate = nullptr;
  bool keep_best = false;  ///< end with the weights of the best evaluation, and keep them in a file, too
};

/// Trains the model, as Trainer::train does. Lines of metrics.jsonl have "loss", "lr" and "grad_norm".
double fit(Trainer& trainer, const Fit& fit);

}  // namespace gg::train
