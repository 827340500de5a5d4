// StageState: all that changes from step to step besides the parts; a checkpoint's metadata "state", as JSON.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "apps/common/json_text.h"
#include "core/generator.h"
#include "data/data_loader.h"
#include "data/safetensors.h"

namespace gg::train {

struct RunningMean {
  std::string name;
  double sum = 0;
  std::int64_t count = 0;
};

struct StageState {
  std::int64_t step = 0;         ///< of this stage: steps done
  std::int64_t global_step = 0;  ///< counted through all stages
  data::DataLoader::Position position;
  Generator::State generator{};
  std::vector<RunningMean> means;  ///< since the last line in metrics.jsonl
  double best = std::numeric_limits<double>::max();
  std::int64_t best_epoch = 0;
};

apps::Json to_json(const StageState& state);
/// The state in a checkpoint. Throws gg::Error where it is missing or damaged.
StageState state_from(const data::Safetensors& file);

}  // namespace gg::train
