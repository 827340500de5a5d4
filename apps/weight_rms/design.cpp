// `weight_rms design`: which weight decay gives the weights the RMS that one wants, with a given budget of steps.
#include <fmt/format.h>

#include <cmath>
#include <cstdio>

#include "apps/common/text.h"
#include "apps/weight_rms/commands.h"
#include "apps/weight_rms/curves.h"
#include "apps/weight_rms/finish.h"
#include "apps/weight_rms/predict.h"

namespace gg::apps {

namespace wr = optim::weight_rms;

namespace {

struct DesignOptions {
  double target_rms = 0.05;
  std::int64_t steps = 20000;
  double eta_max = 1e-3;
  double warmup = 0.02;
  double theta0_rms = 0.02;
  double beta1 = 0.9;
  double mean_to_noise = 0;

  wr::Options estimate_options() const {
    return {.beta1 = beta1, .initial_rms = theta0_rms, .mean_to_noise = mean_to_noise};
  }
  void declare(OptionSet& options) {
    options.group("What is wanted");
    options.add("target_rms", target_rms, "RMS of the weights at the end").above(0);
    options.add("steps", steps, "updates of the training").range(1, 1e6);
    options.group("What is given");
    options.add("eta_max", eta_max, "largest learning rate").above(0).range(0, 1e3);
    options.add("warmup", warmup, "share of the steps in which the rate rises").range(0, 0.5);
    options.add("theta0_rms", theta0_rms, "RMS of the weights before training; 1/√fan-in where unknown").at_least(0);
    options.add("beta1", beta1, "memory of the mean of gradients").range(0, 0.9999);
    options
        .add("mean_to_noise", mean_to_noise,
             "‖μ‖²/‖σ‖² of the gradients: 0 is noise alone; `weight_rms train` measures it (0.0005 to 0.01 in small "
             "networks)")
        .range(0, 1e6);
  }
};

/// One way to spend the steps.
struct Candidate {
  std::string name;
  optim::RateAndDecay plan;
  std::string trouble = {};  ///< why no decay does it; else:
  double lambda = 0;
  std::optional<Prediction> prediction = std::nullopt;
  double start_left = 0;  ///< e^(−κ): share of the first weights in the last
  double memory = 0;      ///< the last share of the steps that brought all but 1/e² of ρ: 1 without forgetting
};

std::vector<Candidate> candidates(const DesignOptions& o) {
  std::vector<Candidate> all;
  const auto add = [&](const char* name, const char* schedule, double end, bool follows) {
    all.push_back({.name = name,
                   .plan = {.lr = make_schedule(schedule, o.steps, {.peak = o.eta_max, .end = end, .warmup = o.warmup}),
                            .weight_decay = 0,
                            .decay_follows_rate = follows}});
  };
  add("constant", "constant", 0, false);
  add("linear to 0", "linear", 0, false);
  add("cosine to 0.1", "cosine", 0.1, false);
  add("cosine to 0", "cosine", 0, false);
  add("WSD", "wsd", 0, false);
  add("AdamC, cosine to 0", "cosine", 0, true);
  return all;
}

/// The last share of the steps after which all but 1/e² of the squares' sum is forgotten.
double memory_of(const optim::RatesAndDecays& updates) {
  double kappa = 0;
  std::size_t steps = 0;
  while (steps < updates.steps() && kappa < 1) {
    const std::size_t i = updates.steps() - 1 - steps++;
    kappa += updates.lr[i] * updates.weight_decay[i];
  }
  return static_cast<double>(steps) / static_cast<double>(updates.steps());
}

void solve(Candidate& c, const DesignOptions& o) {
  const wr::Options options = o.estimate_options();
  try {
    c.lambda = wr::weight_decay_for(o.target_rms, c.plan, o.steps, options);
  } catch (const Error& error) {
    c.trouble = error.what();
    return;
  }
  c.plan.weight_decay = c.lambda;
  c.prediction = predict(c.plan, o.steps, options);
  c.start_left = std::exp(-c.prediction->kappa);
  c.memory = memory_of(c.prediction->updates);
}

/// RMS at the end over the decay.
Series sweep(const Candidate& c, const DesignOptions& o) {
  Series series{.name = c.name};
  const double highest = 0.5 / o.eta_max, lowest = 1e-3 / (o.eta_max * static_cast<double>(o.steps));
  constexpr int kPoints = 60;
  for (int i = 0; i <= kPoints; ++i) {
    stop_if_requested();
    optim::RateAndDecay plan = c.plan;
    const double lambda = lowest * std::pow(highest / lowest, static_cast<double>(i) / kPoints);
    plan.weight_decay = lambda;
    series.x.push_back(lambda);
    series.y.push_back(wr::ode(plan.values(o.steps), o.estimate_options()).back());
  }
  return series;
}

std::string advice(const std::vector<Candidate>& all, const DesignOptions& o) {
  const Candidate* best = nullptr;
  for (const Candidate& c : all) {
    if (!c.prediction || wr::withers(c.prediction->updates)) continue;
    if (c.name == "cosine to 0.1") best = &c;
    if (best == nullptr) best = &c;
  }
  if (best == nullptr) {
    return fmt::format(
        "No schedule brings weights to {} in {} steps without withering: another rate or more steps are needed.",
        format_short(o.target_rms), format_fixed(static_cast<double>(o.steps), 0));
  }
  return fmt::format(
      "{} with λ = {}: the last {} % of the steps make up most of the weights, {} of the first weights is "
      "left.",
      best->name, format_short(best->lambda, 3), format_short(100 * best->memory, 3),
      format_short(best->start_left, 2));
}

void run_design(const DesignOptions& o, RunContext& context) {
  set_up(context);
  std::vector<Candidate> all = candidates(o);
  context.run();
  for (Candidate& c : all) {
    stop_if_requested();
    solve(c, o);
  }

  Json rows = Json::array();
  std::vector<std::vector<std::string>> table;
  std::printf("For an RMS of %s after %s steps, from %s, with rates up to %s:\n\n", format_short(o.target_rms).c_str(),
              format_fixed(static_cast<double>(o.steps), 0).c_str(), format_short(o.theta0_rms).c_str(),
              format_short(o.eta_max).c_str());
  std::printf("  %-20s %10s %8s %12s %10s\n", "schedule", "lambda", "kappa", "start left", "memory");
  for (const Candidate& c : all) {
    if (!c.prediction) {
      std::printf("  %-20s %s\n", c.name.c_str(), c.trouble.c_str());
      rows.push_back({{"schedule", c.name}, {"trouble", c.trouble}});
      table.push_back({c.name, "–", "", "", "", c.trouble});
      continue;
    }
    const bool withers = wr::withers(c.prediction->updates);
    std::printf("%s", fmt::format("  {:<20} {:>10} {:>8} {:>12} {:>8} %{}\n", c.name, format_number(c.lambda),
                                  format_number(c.prediction->kappa, 3), format_number(c.start_left, 3),
                                  format_number(100 * c.memory, 3), withers ? "  withers towards the end" : "")
                          .c_str());
    rows.push_back({{"schedule", c.name},
                    {"lambda", c.lambda},
                    {"kappa", c.prediction->kappa},
                    {"start_left", c.start_left},
                    {"memory", c.memory},
                    {"withers", withers},
                    {"rms", c.prediction->double_sum.back()}});
    table.push_back({c.name, format_number(c.lambda), format_number(c.prediction->kappa, 3),
                     format_number(c.start_left, 3), format_number(100 * c.memory, 3) + " %",
                     withers ? "withers towards the end" : ""});
  }
  const std::string said = advice(all, o);
  std::printf("\n%s\n", said.c_str());

  Report report("Which weight decay?",
                fmt::format("RMS of {} after {} steps, η_max {}", format_short(o.target_rms),
                            format_fixed(static_cast<double>(o.steps), 0), format_short(o.eta_max)));
  report.lead("**" + said + "**");
  Section& section = report.section("Weight decay for each schedule");
  section.text(
      "All these end with the RMS that was asked for. They differ in what they remember: *κ* is the sum of ηλ, *start "
      "left* is e^(−κ), the share of the first weights that is left, and *memory* the last share of the steps in which "
      "weights are all but replaced. One pass over much data wants a long memory, κ around 1; many passes can afford "
      "to "
      "forget.");
  section.table({"schedule", "λ", "κ", "start left", "memory", ""}, table);
  LinePlot over;
  over.title = "RMS at the end over the weight decay";
  over.width = 1060;
  over.height = 420;
  over.x = {.label = "λ", .scale = Scale::kLog};
  over.y = {.label = "RMS of the weights", .scale = Scale::kLog};
  for (const Candidate& c : all) over.series.push_back(sweep(c, o));
  over.baselines = {{"wanted", o.target_rms}};
  section.plot(
      to_svg(over),
      "By the differential equation. On the left nothing decays, and squares of rates add up; on the right the "
      "curves of constant rate and of AdamC fall as √(η/2λ), those of rates that go to 0 faster.",
      Span::kFull);
  context.run().write_figure("rms_over_decay.svg", to_svg(over));
  LinePlot courses;
  courses.title = "On the way";
  courses.width = 1060;
  courses.height = 380;
  courses.x.label = "step";
  courses.y.label = "RMS of the weights";
  for (const Candidate& c : all) {
    if (c.prediction) courses.series.push_back(thinned(c.name, c.prediction->double_sum));
  }
  courses.baselines = {{"wanted", o.target_rms}};
  section.plot(to_svg(courses), "Each with its own λ.", Span::kFull);
  context.run().write_figure("courses.svg", to_svg(courses));
  section.note(
      fmt::format("This is for gradients with ‖μ‖²/‖σ‖² = {}. In small real networks `weight_rms train` measures "
                  "0.0005 to 0.01, and "
                  "weights become some times larger than gradients of mean 0 make them: give what you measure as "
                  "`--mean-to-noise`.",
                  format_short(o.mean_to_noise)));
  finish(context, report, {{"candidates", rows}, {"advice", said}});
}

}  // namespace

void add_design(App& app) {
  app.command<DesignOptions>("design", "which weight decay gives weights the RMS that one wants", run_design)
      .without({"device", "data"})
      .details(
          "Finds for each schedule the λ with which weights end at the wanted RMS, and shows the RMS over λ. Where no "
          "λ "
          "does it, says between which numbers the RMS can be.")
      .examples({"--target-rms 0.05 --steps 20000 --eta-max 1e-3",
                 "--mean-to-noise 1e-3 # as measured in small networks",
                 "--target-rms 0.02 --steps 100000 --eta-max 3e-4 --theta0-rms 0.02"});
}

}  // namespace gg::apps
