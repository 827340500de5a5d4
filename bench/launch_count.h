// How many launches a training step takes, counted on the emulated device. On small models launches, at some
// microseconds each, are what a GPU's step costs.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "bench/training_steps.h"

namespace gg::bench {

struct Launches {
  int64_t kernels = 0, library_calls = 0;
  std::map<std::string, int64_t> names;  ///< how often each kernel and library function
  int64_t all() const { return kernels + library_calls; }
};

/// Of the second step: the first makes the optimiser's state.
Launches count_launches(const TrainingStep& step, optim::Optimizer& optimizer);

/// Kernels of an AdamW step over that many parameters.
int64_t count_adamw_launches(int parameters);

}  // namespace gg::bench
