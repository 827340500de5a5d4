// `generalization noise`: random noise on the input, on hidden layers, on weights and on labels, added or multiplied,
// at one budget (rows A1-A4, A6 and A9 of the story).
#include <fmt/format.h>

#include "apps/generalization/commands.h"
#include "apps/generalization/pictures.h"
#include "apps/generalization/training.h"
#include "losses/losses.h"
#include "ops/ops.h"

namespace gg::apps {
namespace {

struct NoiseOptions {
  DataOptions data;
  TrainingOptions training;
  std::vector<double> sigmas = {0.1, 0.2, 0.4};
  void declare(OptionSet& options) {
    data.declare(options);
    training.declare(options);
    options.group("Noise");
    options.add("sigmas", sigmas, "standard deviations of the noise on the input, swept").range(0, 10).quick({0.2});
  }
};

Objective input_noise(double sigma) {
  return [sigma](const Step& s) { return losses::cross_entropy(s.model(gaussian_noise(s.x, sigma)), s.y); };
}

void run_noise(const NoiseOptions& options, RunContext& context) {
  Lab lab(context);
  Report report = start_report(lab, "Random noise", "few labels");
  Json summary = Json::object();
  for (const DataSet& data : lab.data_sets(options.data)) {
    std::vector<Arm> arms = {{"no noise", supervised, 0}};
    for (const double sigma : options.sigmas)
      arms.push_back({fmt::format("input σ={}", sigma), input_noise(sigma), sigma});
    const bool plane = data.name == "two-moons";
    const Comparison result =
        compare(lab, data, arms, options.training, plane ? draw_boundary(lab, "noise") : Inspect());
    std::vector<std::string> names;
    for (const Arm& arm : arms) names.push_back(arm.name);
    Section& section = report.section(data.title);
    add_table(section, result, names, "Mean ± standard deviation.");
    if (plane) add_boundaries(section, lab, "noise", names, "Borders.");
    merge_into(summary, summary_of(result));
  }
  finish(lab, report, summary);
}

}  // namespace

void add_noise(App& app) {
  app.command<NoiseOptions>("noise", "random noise on inputs, hidden layers, weights and labels", run_noise)
      .examples({"--quick # see that it works", "--data-sets digits --digits-labels 50"});
}

}  // namespace gg::apps
