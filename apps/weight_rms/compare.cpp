#include "apps/weight_rms/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

#include "apps/common/progress.h"
#include "apps/common/text.h"
#include "apps/weight_rms/commands.h"
#include "apps/weight_rms/finish.h"

namespace gg::apps {

namespace wr = optim::weight_rms;

void CompareOptions::declare(OptionSet& options) {
  options.group("Simulation");
  options.add("dimension", dimension, "weights of the trainings of 10,000 steps; the RMS has noise of 1/√(2d)")
      .range(100, 1e8)
      .quick(2000);
  options.add("long_dimension", long_dimension, "weights of the trainings of 100,000 steps").range(100, 1e7).quick(200);
}

std::size_t CompareResult::agreeing() const {
  return static_cast<std::size_t>(
      std::count_if(rows.begin(), rows.end(), [](const Compared& c) { return c.same_rms && c.same_estimate; }));
}

namespace {

/// Relative standard error of a simulated RMS over d weights that are, each, a common mean and independent noise:
/// of θ² it is 4μ²s² + 2s⁴ a weight. 1/√(2d) where the mean is 0, much less where it rules.
double simulation_error(const optim::RatesAndDecays& updates, wr::Options options, std::int64_t dimension) {
  const double all = std::pow(wr::double_sum(updates, options).back(), 2);
  options.mean_to_noise = 0;
  const double noise = std::min(all, std::pow(wr::double_sum(updates, options).back(), 2));
  return std::sqrt(4 * (all - noise) * noise + 2 * noise * noise) /
         (2 * all * std::sqrt(static_cast<double>(dimension)));
}

Compared compared(const ReferenceCase& reference, const ReferenceGroup& group, std::int64_t dimension,
                  Simulated simulated) {
  const optim::RatesAndDecays updates = reference.simulated.plan.values(group.steps);
  const wr::Options options = reference.simulated.estimate_options();
  Compared c{.reference = reference,
             .steps = group.steps,
             .kappa = reference.simulated.plan.kappa(group.steps),
             .noise = simulation_error(updates, options, dimension),
             .simulated = std::move(simulated),
             .double_sum = wr::double_sum(updates, options),
             .slow_variation = wr::slow_variation(updates, options),
             .ode = wr::ode(updates, options),
             .mean_field = wr::mean_field(updates, options)};
  const double last_digit = 0.5 * std::pow(10, -reference.digits);
  // Three deviations of the difference of two simulations.
  const double noise = 3 * std::hypot(c.noise, simulation_error(updates, options, group.dimension));
  c.same_rms = std::abs(c.simulated.rms.back() - reference.rms) < noise * reference.rms + last_digit;
  // There updates took the rate at the end of their step, here at its middle.
  c.same_estimate = std::abs(c.double_sum.back() - reference.double_sum) < 5e-4 * reference.double_sum + last_digit;
  return c;
}

}  // namespace

CompareResult run(RunContext& context, const CompareOptions& options) {
  const auto began = std::chrono::steady_clock::now();
  CompareResult result;
  for (const ReferenceGroup& group : reference_groups()) {
    const std::int64_t dimension = group.steps > 10000 ? options.long_dimension : options.dimension;
    std::vector<SimulatedCase> cases;
    for (const ReferenceCase& c : group.cases) cases.push_back(c.simulated);
    Progress progress(group.title, group.steps);
    std::vector<Simulated> simulated = simulate(cases, {.steps = group.steps,
                                                        .dimension = dimension,
                                                        .seed = static_cast<std::uint64_t>(context.standard().seed) + 1,
                                                        .progress = [&](std::int64_t step) { progress.update(step); }});
    progress.finish();
    for (std::size_t i = 0; i < cases.size(); ++i) {
      result.rows.push_back(compared(group.cases[i], group, dimension, std::move(simulated[i])));
    }
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return result;
}

Json summary_of(const CompareResult& result) {
  Json rows = Json::array();
  for (const Compared& c : result.rows) {
    rows.push_back({{"schedule", c.reference.shape},
                    {"lambda", c.reference.lambda},
                    {"beta2", c.reference.simulated.beta2},
                    {"mu", c.reference.simulated.mu},
                    {"steps", c.steps},
                    {"kappa", c.kappa},
                    {"simulated", c.simulated.rms.back()},
                    {"noise", c.noise},
                    {"double_sum", c.double_sum.back()},
                    {"slow_variation", c.slow_variation.back()},
                    {"ode", c.ode.back()},
                    {"mean_field", c.mean_field.back()},
                    {"reference", c.reference.rms},
                    {"reference_double_sum", c.reference.double_sum},
                    {"same_rms", c.same_rms},
                    {"same_estimate", c.same_estimate}});
  }
  return {{"rows", rows}, {"agreeing", result.agreeing()}, {"seconds", result.seconds}};
}

std::string table_of(const CompareResult& result) {
  std::string text =
      fmt::format("{:<5} {:<6} {:<4} {:<18} {:>6}  {:>9} {:>9}  {:>8} {:>8} {:>8} {:>10}\n", "λ", "β₂", "μ", "schedule",
                  "κ", "simulated", "(before)", "double Σ", "slow", "ODE", "mean field");
  for (const Compared& c : result.rows) {
    const auto error = [&](const wr::Trajectory& estimate) {
      return fmt::format("{:+.2f}%", 100 * c.error_of(estimate));
    };
    text += fmt::format("{:<4} {:<5} {:<3} {:<18} {:>6.3f}  {:>9.5f} {:>9.5f}  {:>7} {:>8} {:>8} {:>10}{}\n",
                        c.reference.lambda, c.reference.simulated.beta2, c.reference.simulated.mu, c.reference.shape,
                        c.kappa, c.simulated.rms.back(), c.reference.rms, error(c.double_sum), error(c.slow_variation),
                        error(c.ode), error(c.mean_field), c.same_rms && c.same_estimate ? "" : "  DIFFERS");
  }
  text += fmt::format("{} of {} rows are what they were before, within the noise of both simulations.\n",
                      result.agreeing(), result.rows.size());
  return text;
}

void add_compare(App& app) {
  app.command<CompareOptions>("compare", "the estimates against simulated AdamW, for 23 trainings",
                              [](const CompareOptions& options, RunContext& context) {
                                set_up(context);
                                context.run();
                                const CompareResult result = run(context, options);
                                std::printf("%s", table_of(result).c_str());
                                Report report(
                                    "Estimates of weight RMS against AdamW",
                                    fmt::format("{} trainings · d = {} and {}", result.rows.size(),
                                                format_fixed(static_cast<double>(options.dimension), 0),
                                                format_fixed(static_cast<double>(options.long_dimension), 0)));
                                report.fact("simulation", format_duration(result.seconds));
                                add_to_report(report, context, result);
                                finish(context, report, summary_of(result));
                              })
      .without({"device", "data"})
      .details(
          "Simulates AdamW on random gradients under constant, linear, cosine and WSD rates, warm-up and AdamC, at "
          "small "
          "and large κ, and holds the double sum, the slow variation, the differential equation and the mean field "
          "against it. The same trainings were simulated with NumPy before; the page says where the two differ.")
      .examples({"# the whole table, in a minute or two", "--quick"});
}

}  // namespace gg::apps
