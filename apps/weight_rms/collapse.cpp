// `weight_rms collapse`: what becomes of weights when the learning rate ends at 0 and the decay does not, and how AdamC
// keeps them: on random gradients, and on a small network of normalised layers.
#include <fmt/format.h>

#include <cmath>
#include <cstdio>

#include "apps/common/progress.h"
#include "apps/common/text.h"
#include "apps/weight_rms/commands.h"
#include "apps/weight_rms/curves.h"
#include "apps/weight_rms/finish.h"
#include "apps/weight_rms/normalised_network.h"
#include "apps/weight_rms/plan_options.h"
#include "apps/weight_rms/predict.h"

namespace gg::apps {

namespace wr = optim::weight_rms;

namespace {

struct CollapseOptions {
  std::int64_t steps = 100000;
  double eta_max = 1e-3;
  double lambda = 0.5;
  std::int64_t dimension = 1000;
  std::int64_t network_steps = 6000;
  double network_eta_max = 5e-3;
  double network_lambda = 1;

  void declare(OptionSet& options) {
    options.group("Random gradients");
    options.add("steps", steps, "updates").range(10, 1e6).quick(20000);
    options.add("eta_max", eta_max, "largest learning rate").above(0).range(0, 10);
    options.add("lambda", lambda, "weight decay").above(0).quick(2.5);
    options.add("dimension", dimension, "weights").range(2, 1e7);
    options.group("Network of normalised layers");
    options.add("network_steps", network_steps, "updates").range(100, 1e6).quick(2000);
    options.add("network_eta_max", network_eta_max, "largest learning rate").above(0).range(0, 10).quick(0.01);
    options.add("network_lambda", network_lambda, "weight decay of the normalised layers").above(0);
  }
};

struct Course {
  std::string name;
  SimulatedCase simulated_case;
  Simulated simulated = {};
  Prediction prediction = {};
  double ten_times = 0;  ///< RMS at the end of the same course in ten times as many steps, by the differential equation
  std::vector<std::string> warnings = {};
  bool withers() const { return wr::withers(prediction.updates); }
};

optim::RateAndDecay course_plan(const CollapseOptions& o, std::int64_t steps, const char* schedule, double end,
                                bool follows, double lambda) {
  return {.lr = make_schedule(schedule, steps, {.peak = o.eta_max, .end = end}),
          .weight_decay = lambda,
          .decay_follows_rate = follows};
}

std::vector<Course> simulate_courses(const CollapseOptions& o, std::uint64_t seed) {
  std::vector<Course> all;
  const auto add = [&](const char* name, const char* schedule, double end, bool follows, double lambda) {
    all.push_back({.name = name,
                   .simulated_case = {.name = name, .plan = course_plan(o, o.steps, schedule, end, follows, lambda)}});
    stop_if_requested();
    const optim::RateAndDecay longer = course_plan(o, 10 * o.steps, schedule, end, follows, lambda);
    all.back().ten_times = wr::ode(longer.values(10 * o.steps), {.initial_rms = 0.1}).back();
  };
  add("constant", "constant", 0, false, o.lambda);
  add("linear → 0", "linear", 0, false, o.lambda);
  add("cosine → 0", "cosine", 0, false, o.lambda);
  add("cosine → 0.1", "cosine", 0.1, false, o.lambda);
  add("AdamC, cosine → 0", "cosine", 0, true, o.lambda);
  // One pass: κ = 1/2, where the same schedule does no harm.
  add("cosine → 0, little decay", "cosine", 0, false, 1 / (o.eta_max * static_cast<double>(o.steps)));
  std::vector<SimulatedCase> cases;
  for (const Course& c : all) cases.push_back(c.simulated_case);
  Progress progress("random gradients", o.steps);
  std::vector<Simulated> simulated =
      simulate(cases, {.steps = o.steps, .dimension = o.dimension, .seed = seed, .progress = [&](std::int64_t step) {
                         progress.update(step);
                       }});
  progress.finish();
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].simulated = std::move(simulated[i]);
    all[i].prediction = predict(cases[i].plan, o.steps, cases[i].estimate_options());
    all[i].warnings = warnings(all[i].prediction.updates, all[i].prediction.kappa);
  }
  return all;
}

double growth(const std::vector<double>& gradient) {
  // The mean of the last twentieth against that of the middle tenth.
  const auto mean = [&](double from, double to) {
    const auto n = static_cast<double>(gradient.size());
    double sum = 0;
    int count = 0;
    for (auto i = static_cast<std::size_t>(from * n); i < static_cast<std::size_t>(to * n); ++i) {
      sum += gradient[i];
      ++count;
    }
    return count > 0 ? sum / count : std::nan("");
  };
  return mean(0.95, 1) / mean(0.45, 0.55);
}

void check_decay(const char* decay, double lambda, const char* rate, double eta) {
  if (lambda * eta < 1) return;
  throw UsageError(fmt::format("{} times {}, the share that an update takes off the weights, must be below 1, got {}",
                               decay, rate, format_short(lambda * eta)));
}

void run_collapse(const CollapseOptions& o, RunContext& context) {
  set_up(context);
  check_decay("--lambda", o.lambda, "--eta-max", o.eta_max);
  check_decay("--network-lambda", o.network_lambda, "--network-eta-max", o.network_eta_max);
  context.run();
  const auto seed = static_cast<std::uint64_t>(context.standard().seed) + 1;
  const std::vector<Course> courses = simulate_courses(o, seed);
  NormalisedOptions network{
      .steps = o.network_steps, .lr = o.network_eta_max, .weight_decay = o.network_lambda, .seed = seed};
  std::fprintf(stderr, "network of normalised layers, AdamW and AdamC\n");
  const NormalisedTraining adamw = train_normalised(network);
  network.decay_follows_rate = true;
  const NormalisedTraining adamc = train_normalised(network);
  for (const NormalisedTraining& training : {adamw, adamc}) {
    GG_CHECK(std::isfinite(training.loss) && std::isfinite(training.rms.back()),
             "the network of normalised layers diverged; try a smaller --network-eta-max or --network-lambda");
  }

  Report report("When weights wither",
                fmt::format("{} steps, η_max {}, λ {}", format_fixed(static_cast<double>(o.steps), 0),
                            format_short(o.eta_max), format_short(o.lambda)));
  Section& random = report.section("Random gradients");
  random.text(
      "Weights settle at √(η/2λ). A rate that goes to 0 while λ stays takes them along, given time: κ above 3, say. "
      "Letting "
      "λ follow η (AdamC) keeps η/λ, and so do the weights. With little decay (κ of ½: one pass over the data) there "
      "is no "
      "time to wither, and the same schedule does no harm.");
  Json rows = Json::array();
  std::vector<std::vector<std::string>> table;
  LinePlot plot;
  plot.title = "RMS of the weights";
  plot.width = 1060;
  plot.height = 400;
  plot.x.label = "step";
  plot.y = {.label = "RMS", .scale = Scale::kLog};
  std::printf("  %-26s %7s %10s %10s %12s %18s\n", "schedule", "kappa", "simulated", "ODE", "mean field",
              "ODE, 10 x as long");
  for (const Course& c : courses) {
    const Prediction& p = c.prediction;
    std::printf("%s", fmt::format("  {:<26} {:>7} {:>10} {:>10} {:>12} {:>18}{}\n", c.name, format_number(p.kappa, 3),
                                  format_number(c.simulated.rms.back()), format_number(p.ode.back()),
                                  format_number(p.mean_field.back()), format_number(c.ten_times),
                                  c.withers() ? "   withers" : "")
                          .c_str());
    rows.push_back({{"schedule", c.name},
                    {"kappa", p.kappa},
                    {"simulated", c.simulated.rms.back()},
                    {"ode", p.ode.back()},
                    {"mean_field", p.mean_field.back()},
                    {"ten_times", c.ten_times},
                    {"withers", c.withers()}});
    table.push_back({c.name, format_number(p.kappa, 3), format_number(c.simulated.rms.back()),
                     format_number(p.ode.back()), format_number(p.mean_field.back()), format_number(c.ten_times),
                     c.withers() ? "**withers**" : ""});
    const int colour = static_cast<int>(plot.series.size() / 2);
    plot.series.push_back({.name = c.name, .x = c.simulated.steps, .y = c.simulated.rms, .colour = colour});
    plot.series.push_back(thinned("", p.ode));
    plot.series.back().dashed = true;
    plot.series.back().colour = colour;
  }
  random.table(
      {"schedule", "κ", "simulated", "ODE", "mean field", "ODE, ten times as long", ""}, table,
      fmt::format("At the end. The simulation has noise of {} %. The mean field does not see it coming. Rates that end "
                  "at 0 have "
                  "no floor: the longer the training, the smaller the weights; those that end at a tenth have one, "
                  "√0.1 of the plateau.",
                  format_short(100 * simulation_error(o.dimension), 2)));
  random.plot(to_svg(plot), "Simulated, and dashed the differential equation.", Span::kFull);
  context.run().write_figure("collapse.svg", to_svg(plot));
  for (const Course& c : courses) {
    for (const std::string& warning : c.warnings) {
      std::printf("\nWarning (%s): %s\n", c.name.c_str(), warning.c_str());
      random.note(fmt::format("**{}.** {}", c.name, warning));
    }
  }

  const double spike_w = growth(adamw.gradient), spike_c = growth(adamc.gradient);
  std::printf(
      "\nNormalised layers, end against middle: gradients x %s with AdamW, x %s with AdamC; "
      "RMS of weights at the end %s and %s\n",
      format_short(spike_w, 3).c_str(), format_short(spike_c, 3).c_str(), format_number(adamw.rms.back()).c_str(),
      format_number(adamc.rms.back()).c_str());
  report.number({.label = "Gradient of normalised layers, end against middle, AdamW",
                 .value = spike_w,
                 .unit = "×",
                 .better = Better::kLower,
                 .baseline_name = "AdamC",
                 .baseline = spike_c});
  Section& net = report.section("A network of normalised layers");
  net.text(
      "Two layers, each followed by layer normalisation, learn noisy labels of a random teacher, with a rate that goes "
      "to "
      "0. Normalised layers compute the same for weights of any size, so their gradients are as 1/‖W‖: as the weights "
      "wither, gradients grow at the end of training. AdamC (Defazio 2025), on these layers, prevents both. On layers "
      "that "
      "are not normalised there is no such reason for it.");
  const auto pair_of = [&](const char* title, const char* label, auto member) {
    LinePlot p;
    p.title = title;
    p.x.label = "step";
    p.y = {.label = label, .low = 0};
    p.series = {{.name = "AdamW", .x = adamw.steps, .y = adamw.*member},
                {.name = "AdamC", .x = adamc.steps, .y = adamc.*member}};
    return to_svg(p);
  };
  net.plot(pair_of("Norm of the gradient", "norm, normalised layers", &NormalisedTraining::gradient),
           "Means over the steps between.");
  net.plot(pair_of("Weights", "RMS, normalised layers", &NormalisedTraining::rms), "RMS of both layers' weights.");
  finish(context, report,
         {{"rows", rows},
          {"network",
           {{"adamw_gradient_growth", spike_w},
            {"adamc_gradient_growth", spike_c},
            {"adamw_rms", adamw.rms.back()},
            {"adamc_rms", adamc.rms.back()},
            {"adamw_loss", adamw.loss},
            {"adamc_loss", adamc.loss}}}});
}

}  // namespace

void add_collapse(App& app) {
  app.command<CollapseOptions>("collapse", "weights that wither where the rate ends at 0, and AdamC, which keeps them",
                               run_collapse)
      .without({"device", "data"})
      .details(
          "Long trainings with rates that end at 0 or not, on random gradients; and a small network of normalised "
          "layers, "
          "whose gradients grow as its weights wither.")
      .examples({"--quick", "--lambda 0.01 # one pass over the data: no harm done"});
}

}  // namespace gg::apps
