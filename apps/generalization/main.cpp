// The app `generalization`: from random noise to gradient penalties to virtual adversarial training. What is done to a
// network so that it does well on samples it never saw, why these methods are relatives, and what each is worth, with
// few labels, on data that a laptop learns in seconds.
// Read next: docs/generalization.md (the story), lab.h and training.h (what the commands share), then a command's file.
#include "apps/generalization/commands.h"

namespace gg::apps {

int run_program(int argc, char** argv) {
  App app("generalization", "from random noise to gradient penalties to virtual adversarial training");
  add_theory(app);
  add_noise(app);
  add_penalty(app);
  add_laplacian(app);
  add_fgm(app);
  add_vat(app);
  add_vat_text(app);
  return run_app(argc, argv, app);
}

}  // namespace gg::apps

int main(int argc, char** argv) { return gg::apps::run_program(argc, argv); }
