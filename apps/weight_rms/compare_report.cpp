#include <fmt/format.h>

#include <cmath>

#include "apps/common/text.h"
#include "apps/weight_rms/compare.h"
#include "apps/weight_rms/curves.h"

namespace gg::apps {

namespace wr = optim::weight_rms;

namespace {

std::string per_cent(double share) {
  return fmt::format("{}{} %", share < 0 ? "−" : "+", format_fixed(100 * std::abs(share), 1));
}

std::string setting_of(const Compared& c) {
  std::string text =
      fmt::format("λ {}, β₂ {}", format_short(c.reference.lambda), format_short(c.reference.simulated.beta2));
  if (c.reference.simulated.mu != 0) text += fmt::format(", μ/σ {}", format_short(c.reference.simulated.mu));
  return text + fmt::format(", {} steps", format_fixed(static_cast<double>(c.steps), 0));
}

/// Simulation and estimates of one row over the steps.
std::string curves_of(const Compared& c) {
  LinePlot plot;
  plot.title = fmt::format("{}, {}", c.reference.shape, setting_of(c));
  plot.x.label = "step";
  plot.y = {.label = "RMS of the weights", .scale = c.kappa > 2 ? Scale::kLog : Scale::kLinear};
  plot.series = {{.name = "AdamW, simulated", .x = c.simulated.steps, .y = c.simulated.rms},
                 thinned("double sum", c.double_sum),
                 thinned("mean field", c.mean_field)};
  plot.series[1].dashed = true;
  return to_svg(plot);
}

BarChart errors_of(const std::vector<const Compared*>& rows, const std::string& title) {
  BarChart chart;
  chart.title = title;
  chart.horizontal = true;
  chart.show_values = true;
  chart.y.label = "estimate above the simulated RMS, %";
  chart.width = 1060;
  chart.height = static_cast<int>(90 + 58 * rows.size());
  chart.bars = {{"double sum", {}}, {"ODE", {}}, {"mean field", {}}};
  for (const Compared* c : rows) {
    chart.categories.push_back(fmt::format("{}, κ {}", c->reference.shape, format_short(c->kappa, 3)));
    chart.bars[0].values.push_back(100 * c->error_of(c->double_sum));
    chart.bars[1].values.push_back(100 * c->error_of(c->ode));
    chart.bars[2].values.push_back(100 * c->error_of(c->mean_field));
  }
  return chart;
}

}  // namespace

void add_to_report(Report& report, RunContext& context, const CompareResult& result) {
  const RunDir& run = context.run();
  std::vector<const Compared*> once, often, longer;
  double worst_sum = 0, worst_field_once = 0, worst_field_often = 0;
  for (const Compared& c : result.rows) {
    if (c.reference.simulated.mu == 0 && c.reference.simulated.beta2 < 0.99) {
      (c.steps > 10000 ? longer : c.kappa > 2 ? often : once).push_back(&c);
      double& worst = c.kappa > 2 ? worst_field_often : worst_field_once;
      worst = std::max(worst, std::abs(c.error_of(c.mean_field)));
    }
    if (c.steps <= 10000) worst_sum = std::max(worst_sum, std::abs(c.error_of(c.double_sum)));
  }
  report.number({.label = "Rows as they were before",
                 .value = static_cast<double>(result.agreeing()),
                 .unit = fmt::format("of {}", result.rows.size()),
                 .note = "simulated anew, within the noise of both simulations"});
  report.number(
      {.label = "Double sum, largest error",
       .value = 100 * worst_sum,
       .unit = "%",
       .better = Better::kLower,
       .note = "of trainings of 10,000 steps: noise of the simulation, and the correlation of v with the gradient"});
  report.number({.label = "Mean field where κ > 2, largest error",
                 .value = 100 * worst_field_often,
                 .unit = "%",
                 .note = fmt::format("where κ ≤ 1: {} %", format_short(100 * worst_field_once, 2))});

  Section& table = report.section("Every training, simulated and estimated");
  table.text(
      "AdamW of this library with gradients drawn from N(μ, 1), η_max = 10⁻³, β₁ = 0.9, and weights that begin with an "
      "RMS of 0.1. *before* is what NumPy gave for the same training with other random numbers. Per cents are by how "
      "much an estimate lies above the simulated RMS. All trainings of a length see the same random numbers, so that "
      "their deviations have a part in common.");
  const auto plain = [](double value, int digits) { return fmt::format("{:.{}f}", value, digits); };
  for (std::size_t begin = 0, end = 0; begin < result.rows.size(); begin = end) {
    std::vector<std::vector<std::string>> rows;
    const std::string setting = setting_of(result.rows[begin]);
    for (; end < result.rows.size() && setting_of(result.rows[end]) == setting; ++end) {
      const Compared& c = result.rows[end];
      const std::string field = per_cent(c.error_of(c.mean_field));
      rows.push_back({c.reference.shape, format_fixed(c.kappa, 3),
                      plain(c.simulated.rms.back(), 5) + " ± " + plain(c.noise * c.simulated.rms.back(), 5),
                      plain(c.reference.rms, c.reference.digits), per_cent(c.error_of(c.double_sum)),
                      per_cent(c.error_of(c.slow_variation)), per_cent(c.error_of(c.ode)),
                      std::abs(c.error_of(c.mean_field)) > 0.1 ? "**" + field + "**" : field,
                      c.same_rms && c.same_estimate ? "yes" : "**no**"});
    }
    table.table({setting, "κ", "simulated", "before", "double sum", "slow variation", "ODE", "mean field", "same"},
                rows);
  }

  std::vector<Series> curves;
  for (const Compared& c : result.rows) {
    const std::string row = c.reference.shape + ", " + setting_of(c) + ": ";
    curves.push_back({.name = row + "simulated", .x = c.simulated.steps, .y = c.simulated.rms});
    curves.push_back(thinned(row + "double sum", c.double_sum));
    curves.push_back(thinned(row + "slow variation", c.slow_variation));
    curves.push_back(thinned(row + "ODE", c.ode));
    curves.push_back(thinned(row + "mean field", c.mean_field));
  }
  run.write_figure("trajectories.csv", csv_of(curves));

  Section& small = report.section("One pass over the data: κ up to 1");
  small.text(
      "All estimates are good, the mean field among them: with so little forgetting it matters little when the rate "
      "was "
      "high. The double sum lies about 1 % too high with β₂ = 0.95, because v moves with the gradient that it divides; "
      "with "
      "β₂ = 0.999 it is half of that.");
  const std::string bars = to_svg(errors_of(once, "λ = 0.1, β₂ = 0.95"));
  small.plot(bars, "Errors at the end of training.", Span::kFull);
  run.write_figure("errors_one_pass.svg", bars);

  Section& large = report.section("Many passes: where the mean field fails");
  large.text(
      "At κ around 10 weights remember only the last part of the training, where the rates of linear, cosine and WSD "
      "are "
      "small. The mean field spreads the squares of the rates evenly over all of it and comes out too high, up to "
      "twice. "
      "Where η/λ stays the same (constant, or AdamC) it is exact. Never use it for many passes.");
  const std::string far = to_svg(errors_of(often, "λ = 2, β₂ = 0.95"));
  large.plot(far, "Errors at the end of training.", Span::kFull);
  run.write_figure("errors_many_passes.svg", far);
  for (const Compared* c : often)
    large.plot(curves_of(*c), fmt::format("κ = {} at the end.", format_short(c->kappa, 3)));

  Section& end = report.section("Long training: what becomes of the weights");
  end.text(
      "100,000 steps with λ = 0.5. Where the rate goes to 0 and the decay stays, weights wither: √(η/2λ) goes to 0. "
      "AdamC "
      "lets λ follow η and keeps them where they were.");
  LinePlot plot;
  plot.title = "RMS of the weights in long training";
  plot.width = 1060;
  plot.height = 380;
  plot.x.label = "step";
  plot.y = {.label = "RMS of the weights", .scale = Scale::kLog};
  for (const Compared* c : longer) {
    plot.series.push_back({.name = c->reference.shape, .x = c->simulated.steps, .y = c->simulated.rms});
    plot.series.push_back(thinned("ODE", c->ode));
    plot.series.back().name = "";
    plot.series.back().dashed = true;
    plot.series.back().colour = plot.series[plot.series.size() - 2].colour =
        static_cast<int>(plot.series.size() / 2) - 1;
  }
  end.plot(to_svg(plot),
           longer.empty() ? ""
                          : fmt::format("Simulated, with {} % of noise; dashed: the differential equation.",
                                        format_short(100 * longer[0]->noise, 2)),
           Span::kFull);
  run.write_figure("long_training.svg", to_svg(plot));
  for (const Compared* c : once) end.plot(curves_of(*c), fmt::format("κ = {} at the end.", format_short(c->kappa, 3)));
}

}  // namespace gg::apps
