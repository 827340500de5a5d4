// The app `weight_rms`: how large weights become under AdamW with learning rates and decays that change, predicted,
// simulated and measured in real trainings, so that one can choose a weight decay instead of guessing it.
// Read next: docs/weight-rms.md (the formulas), optim/weight_rms.h (the estimates), then a command's file; predict.cpp
// is the simplest.
#include "apps/weight_rms/commands.h"

namespace gg::apps {

int run_program(int argc, char** argv) {
  App app("weight_rms", "how large weights become under AdamW, and which weight decay to choose");
  add_predict(app);
  add_compare(app);
  add_train(app);
  add_collapse(app);
  add_criterion(app);
  add_design(app);
  return run_app(argc, argv, app);
}

}  // namespace gg::apps

int main(int argc, char** argv) { return gg::apps::run_program(argc, argv); }
