// Trainer: the loop that trainings have in common. Batches from a loader, one step after the other, lines in
// metrics.jsonl, evaluation, checkpoints, and going on from them to the bit. What a step does is up to the app, so that
// one model with one optimiser (fit.h has that ready-made) fits as well as a GAN with two of each:
//
//   train::Trainer trainer(context.run(), {.device = device, .seed = seed});
//   trainer.train({.name = "gan",
//                  .parts = {{"generator", generator}, {"critic", critic}, {"for_generator", adam_g}, …},
//                  .dataset = images,
//                  .steps = 20000,
//                  .step = [&](const data::Batch& real, const train::Progression& at) -> train::Numbers { … }});
//
// A run trains one stage after another. Steps are counted through all of them, so that metrics.jsonl has one axis. Each
// stage has one checkpoint file, which in the end holds what was trained:
//
//   checkpoints/<stage>.safetensors        all parts (checkpoint.h); the metadata "state" has all else that changes:
//                                          step, position in the data, generator, running means, best result (JSON)
//   checkpoints/<stage>.best.safetensors   where asked for: some parts as they were at the best evaluation
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "apps/common/run_dir.h"
#include "data/data.h"
#include "train/checkpoint.h"

namespace gg::train {

using apps::Json;

/// Where a step stands in its stage.
struct Progression {
  std::int64_t step = 0;   ///< steps done before, so 0 at first
  std::int64_t steps = 0;  ///< of the whole stage
  std::int64_t epoch = 0;  ///< from 0
};

/// What a step has to say, by name. Lines of metrics.jsonl have the means of `mean` since the line before, over the
/// steps that named it, and of `latest` the last. Any number that is not finite ends the training with an error.
struct Numbers {
  std::vector<std::pair<std::string, double>> mean;
  std::vector<std::pair<std::string, double>> latest = {};
};

/// One training: what learns, from what, and how.
struct Stage {
  std::string name;         ///< of the checkpoint, and in metrics.jsonl; some text without dots and slashes
  std::vector<Part> parts;  ///< modules among them are moved to the device and switched between their modes

  std::shared_ptr<const data::Dataset> dataset = nullptr;  ///< may be missing where a step makes its own data
  std::int64_t batch_size = 128;
  std::function<void(data::Batch&)> transform = nullptr;  ///< what DataLoaderOptions::transform asks of it

  std::int64_t epochs = 1;
  std::int64_t steps = 0;  ///< where above 0, the length in place of epochs
  std::int64_t checkpoint_every = 500;
  std::int64_t log_every = 10;

  /// Does one step, optimisers included; the batch is on the device. May draw from the default generator.
  std::function<Numbers(const data::Batch&, const Progression&)> step;
  /// Called without recording, modules in evaluation mode. Must not draw from the default generator. The first number
  /// is the error, lower is better.
  std::function<Json()> evaluate = nullptr;
  std::int64_t evaluate_every = 0;          ///< steps; 0: after each epoch. After the last step in any case
  std::vector<std::string> keep_best = {};  ///< names of the parts that are kept as they were at the best evaluation
};

struct TrainerOptions {
  Device device = {};
  std::uint64_t seed = 0;  ///< of the order of the data
};

class Trainer {
 public:
  /// Where the run is resumed, reads all checkpoints and cuts metrics.jsonl back to the last. Throws gg::Error for a
  /// damaged checkpoint.
  Trainer(apps::RunDir& run, const TrainerOptions& options);

  Device device() const { return options_.device; }

  /// Trains the stage, or goes on with it, or merely loads its parts where it was finished. Returns its training time
  /// in seconds, interrupted runs included. Modules are left in evaluation mode. Call it for all stages in the same
  /// order whenever the run is resumed. Throws apps::Stopped, after writing a checkpoint, when a stop was requested.
  double train(const Stage& stage);

  /// Puts the parts named by keep_best back to their best. After train().
  void load_best(const Stage& stage) const;

 private:
  struct Course;
  void resume(const Stage& stage, Course& course);
  void checkpoint(const Stage& stage, Course& course);
  void log(const Stage& stage, Course& course);
  void evaluate(const Stage& stage, Course& course);
  std::filesystem::path file_of(const Stage& stage, std::string_view kind = {}) const;
  double seconds_so_far(const std::string& stage) const;

  apps::RunDir& run_;
  TrainerOptions options_;
  std::map<std::string, data::Safetensors> saved_;  ///< checkpoints of a resumed run that no stage has asked for yet
  std::set<std::string> trained_;
  std::int64_t first_step_ = 0;  ///< of the next stage, counted through all stages
};

}  // namespace gg::train
