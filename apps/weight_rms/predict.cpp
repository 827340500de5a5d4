#include "apps/weight_rms/predict.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdio>

#include "apps/common/progress.h"
#include "apps/common/text.h"
#include "apps/weight_rms/commands.h"
#include "apps/weight_rms/curves.h"
#include "apps/weight_rms/finish.h"

namespace gg::apps {

namespace wr = optim::weight_rms;

namespace {

struct PredictOptions {
  PlanOptions plan;
  NoiseOptions noise;
  bool json = false;
  void declare(OptionSet& options);
};

struct SimulateOptions {
  PlanOptions plan;
  NoiseOptions noise;
  std::int64_t dimension = 40000;
  void declare(OptionSet& options);
};

void PredictOptions::declare(OptionSet& options) {
  plan.declare(options);
  noise.declare(options);
  options.group("Output");
  options.add("json", json, "print the numbers as JSON, and write no report");
}

void SimulateOptions::declare(OptionSet& options) {
  plan.declare(options);
  options.find("steps")->quick(1000);
  noise.declare(options);
  options.group("Simulation");
  options.add("dimension", dimension, "weights; the RMS has noise of 1/√(2d)").range(2, 1e8).quick(10000);
}

}  // namespace

Prediction predict(const optim::RateAndDecay& plan, std::int64_t steps, const wr::Options& options) {
  Prediction p{.updates = plan.values(steps), .options = options};
  double filled = 0, z = 0, power = 1;
  for (std::size_t i = 0; i < p.updates.steps(); ++i) {
    const double f = std::exp(-p.updates.lr[i] * p.updates.weight_decay[i]);
    power *= options.beta1;
    filled = f * filled + p.updates.lr[i] * (1 - power);
    z = f * z + p.updates.lr[i];
    p.kappa += p.updates.lr[i] * p.updates.weight_decay[i];
    p.nu += p.updates.lr[i] * p.updates.lr[i];
  }
  if (z > 0) p.weights_sum = filled / z;
  const auto estimated = [&](auto estimate) {
    stop_if_requested();
    return estimate(p.updates, options);
  };
  p.double_sum = estimated(wr::double_sum);
  p.slow_variation = estimated(wr::slow_variation);
  p.ode = estimated(wr::ode);
  p.mean_field = estimated(wr::mean_field);
  p.steady_state = estimated(wr::steady_state);
  if (options.mean_to_noise == 0) p.bounds = wr::bounds(p.updates, options);
  return p;
}

Json summary_of(const Prediction& p, const Simulated* simulated) {
  Json json = {{"steps", p.updates.steps()},
               {"kappa", p.kappa},
               {"nu", p.nu},
               {"weights_sum", p.weights_sum},
               {"mean_to_noise", p.options.mean_to_noise},
               {"update_rms", wr::update_rms(p.options)},
               {"rms",
                {{"double_sum", p.double_sum.back()},
                 {"slow_variation", p.slow_variation.back()},
                 {"ode", p.ode.back()},
                 {"mean_field", p.mean_field.back()},
                 {"steady_state", p.steady_state.back()}}},
               {"warnings", warnings(p.updates, p.kappa)}};
  if (p.bounds) json["bounds"] = {p.bounds->low.back(), p.bounds->high.back()};
  if (simulated) {
    json["simulated"] = {
        {"rms", simulated->rms.back()}, {"update_rms", simulated->update}, {"start_cosine", simulated->start_cosine}};
  }
  return json;
}

namespace {
/// Where κ is large and η/λ does not stay, the mean field leaves the equation that it approximates.
bool mean_field_is_off(const Prediction& p) {
  return p.kappa > 2 && std::abs(p.mean_field.back() - p.ode.back()) > 0.05 * p.ode.back();
}
}  // namespace

std::string table_of(const Prediction& p, const Simulated* simulated) {
  std::string text = fmt::format("κ = Σηλ = {}   ν = Ση² = {}   after {} steps\n\n", format_short(p.kappa),
                                 format_short(p.nu), format_fixed(static_cast<double>(p.updates.steps()), 0));
  const auto line = [&](const char* name, double value, const char* note) {
    text += fmt::format("  {:<22} {:>10}   {}\n", name, format_number(value, 5), note);
  };
  if (simulated) line("simulated AdamW", simulated->rms.back(), "");
  line("double sum", p.double_sum.back(), "exact but for v standing still");
  line("slow variation", p.slow_variation.back(), "without β₁");
  line("differential equation", p.ode.back(), "dρ/dt = −2λη ρ + η²");
  line("mean field", p.mean_field.back(),
       mean_field_is_off(p) ? "not to be trusted at this κ" : "for κ up to about 1, or where η/λ stays");
  line("steady state", p.steady_state.back(), "if the last rate and decay stayed for long");
  if (p.bounds) {
    text += fmt::format("  {:<22} {:>10} … {}\n", "bounds", format_number(p.bounds->low.back(), 5),
                        format_number(p.bounds->high.back(), 5));
  }
  line("update RMS", wr::update_rms(p.options), "Adam's u, settled");
  line("weights of gradients", p.weights_sum, "add up to this, 1 but for the first steps");
  if (simulated && std::isfinite(simulated->update)) line("simulated update RMS", simulated->update, "");
  for (const std::string& warning : warnings(p.updates, p.kappa)) text += "\nWarning: " + warning + "\n";
  return text;
}

void add_to_report(Report& report, RunContext& context, const Prediction& p, const Simulated* simulated) {
  report.number({.label = "RMS of the weights at the end",
                 .value = simulated ? simulated->rms.back() : p.ode.back(),
                 .baseline_name = simulated ? "double sum" : "start",
                 .baseline = simulated ? p.double_sum.back() : p.options.initial_rms});
  report.number({.label = "κ = Σηλ", .value = p.kappa, .note = "weights remember the last e-fold of it"});
  report.number({.label = "ν = Ση²", .value = p.nu});

  Section& section = report.section("How large the weights become");
  LinePlot plot;
  plot.title = "RMS of the weights";
  plot.width = 1060;
  plot.height = 420;
  plot.x.label = "step";
  plot.y.label = "RMS";
  if (simulated) plot.series.push_back({.name = "simulated", .x = simulated->steps, .y = simulated->rms});
  plot.series.push_back(thinned("double sum", p.double_sum));
  plot.series.push_back(thinned("ODE", p.ode));
  plot.series.push_back(thinned("mean field", p.mean_field));
  plot.series.push_back(thinned("√(η/2λ)", p.steady_state));
  for (std::size_t i = plot.series.size() - 3; i < plot.series.size(); ++i) plot.series[i].dashed = true;
  context.run().write_figure("rms.csv", csv_of(plot.series));
  // A steady state far above what is reached would flatten all else.
  double highest = 0;
  for (const double value : p.double_sum) highest = std::max(highest, value);
  for (const double value : p.mean_field) highest = std::max(highest, value);
  for (double& y : plot.series.back().y) y = y > 1.6 * highest ? std::nan("") : y;
  section.plot(to_svg(plot), "√(η/2λ) is where the weights would settle if rate and decay stayed as they are then.",
               Span::kFull);
  context.run().write_figure("rms.svg", to_svg(plot));

  if (p.bounds) {
    LinePlot bounds;
    bounds.title = "Between its bounds";
    bounds.x.label = "step";
    bounds.y.label = "RMS";
    bounds.series = {thinned("ODE", p.ode), thinned("upper", p.bounds->high), thinned("lower", p.bounds->low)};
    bounds.series[1].dashed = bounds.series[2].dashed = true;
    section.plot(to_svg(bounds), "e^(−2κ)(ρ₀ + ν) ≤ ρ ≤ e^(−2κ)ρ₀ + ν: close while κ is below 1.");
  }
  LinePlot rates;
  rates.title = "Learning rate";
  rates.x.label = "step";
  rates.y.label = "η";
  rates.series = {thinned("η", p.updates.lr)};
  section.plot(to_svg(rates), "Learning rate of each update.");
  for (const std::string& warning : warnings(p.updates, p.kappa)) section.note(warning);
}

namespace {

void run_predict(const PredictOptions& options, RunContext& context) {
  if (options.json && !context.standard().out.empty()) {
    throw UsageError("--json and --out: JSON goes to the terminal and no report is written; give one of the two");
  }
  const Prediction p = predict(options.plan.plan(), options.plan.steps, estimate_options(options.plan, options.noise));
  if (options.json) {
    std::printf("%s\n", json_text(summary_of(p), 2).c_str());
    return;
  }
  context.run();  // a folder that cannot be made is told before anything else
  std::printf("%s", table_of(p).c_str());
  Report report("Weight RMS, predicted", describe(options.plan));
  add_to_report(report, context, p);
  finish(context, report, summary_of(p));
}

void run_simulate(const SimulateOptions& options, RunContext& context) {
  set_up(context);
  const optim::RateAndDecay plan = options.plan.plan();
  const SimulatedCase one{.name = "weights",
                          .plan = plan,
                          .beta1 = options.plan.beta1,
                          .beta2 = options.plan.beta2,
                          .mu = options.noise.mu,
                          .sigma = options.noise.sigma,
                          .theta0_rms = options.noise.theta0_rms};
  context.run();
  Progress progress("simulate", options.plan.steps);
  const Simulated simulated = simulate({one}, {.steps = options.plan.steps,
                                               .dimension = options.dimension,
                                               .seed = static_cast<std::uint64_t>(context.standard().seed) + 1,
                                               .progress = [&](std::int64_t step) { progress.update(step); }})[0];
  progress.finish();
  const Prediction p = predict(plan, options.plan.steps, one.estimate_options());
  std::printf("%s\nThe simulated RMS has noise of %s %% (d = %s). Cosine of start and updates: %s\n",
              table_of(p, &simulated).c_str(), format_short(100 * simulation_error(options.dimension), 2).c_str(),
              format_fixed(static_cast<double>(options.dimension), 0).c_str(),
              format_short(simulated.start_cosine, 2).c_str());
  Report report("Weight RMS, simulated and predicted", describe(options.plan));
  add_to_report(report, context, p, &simulated);
  Json summary = summary_of(p, &simulated);
  summary["dimension"] = options.dimension;
  finish(context, report, summary);
}

}  // namespace

void add_predict(App& app) {
  app.command<PredictOptions>("predict", "all estimates for one training", run_predict)
      .without({"device", "data"})
      .details(
          "Says how large weights become, RMS(θ) = ‖θ‖/√d, under AdamW with these rates, decays and gradients, by "
          "every "
          "estimate of docs/weight-rms.md, and warns where weights wither.")
      .examples({"--eta-max 3e-4 --lambda 0.1 --schedule wsd --warmup 0.02 --steps 50000",
                 "--schedule cosine --lambda 2 --json # numbers for other programs",
                 "--lambda-schedule follow --lambda 2 # AdamC"});
  app.command<SimulateOptions>("simulate", "the same, with AdamW on random gradients beside it", run_simulate)
      .without({"device", "data"})
      .details("Runs AdamW on gradients drawn from N(μ, σ²), for any number of weights and steps.")
      .examples({"--quick", "--dimension 100000 --beta2 0.999", "--mu 0.1 # a mean in the gradients takes over"});
}

}  // namespace gg::apps
