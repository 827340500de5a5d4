// The one training loop of this app: batches from a loader, AdamW with warm-up and cosine, a limit on the gradient,
// lines in metrics.jsonl, checkpoints, and going on from them to the bit.
//
// A run trains one model after another ("stages"). Steps are counted through all of them, so that metrics.jsonl has one
// axis. Each stage has one checkpoint file, which in the end holds its trained weights:
//
//   checkpoints/<stage>.safetensors
//     model.*       parameters by name, for any tool that reads safetensors
//     optimizer.*   AdamW's moments
//     metadata      "state": step, position in the data, generator, running means, best result so far (JSON)
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "apps/common/app.h"
#include "data/data.h"
#include "nn/module.h"

namespace gg::apps {

struct TrainingOptions {
  std::int64_t epochs = 10;
  std::int64_t batch_size = 128;
  double lr = 2e-3;
  std::int64_t warmup = 200;
  double weight_decay = 0.01;
  double clip = 100;
  std::int64_t checkpoint_every = 500;
  std::int64_t log_every = 10;
  /// `prefix` stands before each name where a command trains several models.
  void declare(OptionSet& options, const std::string& prefix);
};

/// A model and how it learns.
struct Stage {
  std::string name;  ///< of the checkpoint, and in metrics.jsonl
  nn::Module model;
  TrainingOptions options;
  std::shared_ptr<const data::Dataset> images;
  std::function<void(data::Batch&)> transform = nullptr;  ///< what DataLoaderOptions::transform asks of it
  /// The loss of a batch: a scalar with history. May draw from the default generator.
  std::function<Tensor(const data::Batch&)> loss;
  /// Called after each epoch; must not draw from the default generator. The first number is the error, lower is better.
  std::function<Json()> evaluate;
};

class Trainer {
 public:
  /// Opens the run folder. Where the run is resumed, reads all checkpoints and cuts metrics.jsonl back to the last.
  /// Throws gg::Error for a damaged checkpoint.
  Trainer(RunContext& context, Device device);

  /// Trains the stage, or goes on with it, or merely loads its weights where it was finished. Returns its training time
  /// in seconds, interrupted runs included. Call it for all stages in the same order whenever the run is resumed.
  /// Throws Stopped, after writing a checkpoint, when a stop was requested.
  double train(Stage& stage);

 private:
  double seconds_so_far(const std::string& stage) const;

  RunContext& context_;
  Device device_;
  std::map<std::string, data::Safetensors> saved_;  ///< checkpoints of a resumed run that no stage has asked for yet
  std::int64_t first_step_ = 0;                     ///< of the next stage, counted through all stages
};

}  // namespace gg::apps
