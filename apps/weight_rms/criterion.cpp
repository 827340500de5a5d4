// `weight_rms criterion`: the two classical conditions on learning rates. Without decay weights stay bounded exactly
// where Σ η² converges; with constant decay they forget their start exactly where Σ η does not.
#include <fmt/format.h>

#include <cmath>
#include <cstdio>

#include "apps/common/progress.h"
#include "apps/common/text.h"
#include "apps/weight_rms/commands.h"
#include "apps/weight_rms/curves.h"
#include "apps/weight_rms/finish.h"
#include "apps/weight_rms/simulation.h"

namespace gg::apps {

namespace wr = optim::weight_rms;

namespace {

struct CriterionOptions {
  std::vector<double> powers = {0.3, 0.4, 0.5, 0.6, 0.8};
  double eta = 1e-3;
  std::int64_t steps = 1000000;
  std::int64_t simulated_steps = 20000;
  std::int64_t dimension = 4000;
  double beta1 = 0.9;

  void declare(OptionSet& options) {
    options.group("Rates η·(1 + j/100)^(−p)");
    options.add("powers", powers, "exponents p").range(0, 10);
    options.add("eta", eta, "first rate").above(0).range(0, 10);
    options.add("steps", steps, "updates to estimate").range(1000, 1e7).quick(100000);
    options.add("beta1", beta1, "memory of the mean of gradients").range(0, 0.9999);
    options.group("Simulation");
    options.add("simulated_steps", simulated_steps, "updates to simulate").range(1000, 1e7).quick(4000);
    options.add("dimension", dimension, "weights").range(2, 1e8).quick(1000);
  }
};

// η(1 + s/100)^(−p): slow against the 1/(1−β₁) updates in which a gradient acts, from the start.
constexpr double kScale = 100;
optim::Schedule rate(double eta, double power) {
  return optim::inverse_power({.start = eta, .power = power, .scale = kScale});
}

/// What becomes of weights under one exponent, without decay.
struct Row {
  double power = 0;
  double simulated = 0, simulated_estimate = 0;  ///< after simulated_steps
  wr::Trajectory rms = {};                       ///< double sum
  double limit = 0;                              ///< √Σ η² of all steps there are; infinite where it diverges
  double growth = 0;                             ///< exponent of ρ over the last factor of ten of steps
  double bound = 0;                              ///< largest ratio of ρ and Σ η²: at most 1
};

std::vector<Row> boundedness(const CriterionOptions& o, std::uint64_t seed) {
  std::vector<SimulatedCase> cases;
  for (const double p : o.powers) {
    cases.push_back(
        {.name = format_short(p), .plan = {.lr = rate(o.eta, p)}, .beta1 = o.beta1, .beta2 = 0.99, .theta0_rms = 0});
  }
  Progress progress("simulate", o.simulated_steps);
  const std::vector<Simulated> simulated =
      simulate(cases, {.steps = o.simulated_steps, .dimension = o.dimension, .seed = seed, .progress = [&](auto step) {
                         progress.update(step);
                       }});
  progress.finish();
  std::vector<Row> rows;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    stop_if_requested();
    const double p = o.powers[i];
    Row row{.power = p, .simulated = simulated[i].rms.back()};
    const optim::RatesAndDecays updates = cases[i].plan.values(o.steps);
    row.rms = wr::double_sum(updates, {.beta1 = o.beta1});
    const wr::Trajectory computed =
        wr::double_sum(cases[i].plan.values(o.simulated_steps), {.beta1 = o.beta1, .as_computed = true});
    row.simulated_estimate = computed.back();
    const std::size_t tenth = row.rms.size() / 10;
    row.growth = 2 * std::log10(row.rms.back() / row.rms[tenth]);
    // ∫₀^∞ η²(1 + s/scale)^(−2p) ds
    row.limit = 2 * p > 1 ? o.eta * std::sqrt(kScale / (2 * p - 1)) : std::numeric_limits<double>::infinity();
    double squares = 0;
    for (std::size_t t = 0; t < updates.steps(); ++t) {
      squares += updates.lr[t] * updates.lr[t];
      row.bound = std::max(row.bound, row.rms[t + 1] * row.rms[t + 1] / squares);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

/// Two trainings from different first weights with the same gradients: how much of the difference is left.
struct Forgetting {
  std::string name;
  std::vector<double> steps = {}, left = {}, predicted = {};
};

std::vector<Forgetting> forgetting(const CriterionOptions& o, std::uint64_t seed) {
  const double small = 0.05, large = 0.5, decay = 1;
  const auto steps = static_cast<double>(o.simulated_steps);
  std::vector<SimulatedCase> cases;
  std::vector<Forgetting> all;
  // The first two reach κ = 3 by the end, the last one would need forever to reach 0.2.
  for (const auto& [p, eta] : {std::pair{0.0, 3 / steps}, {0.5, 1.5 / std::sqrt(steps * kScale)}, {1.5, 0.001}}) {
    all.push_back({.name = p == 0 ? "constant" : fmt::format("j^(−{})", format_short(p))});
    for (const double start : {small, large}) {
      cases.push_back({.name = "weights", .plan = {.lr = rate(eta, p), .weight_decay = decay}, .theta0_rms = start});
    }
  }
  const std::vector<Simulated> simulated =
      simulate(cases, {.steps = o.simulated_steps, .dimension = o.dimension, .seed = seed});
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Simulated &a = simulated[2 * i], &b = simulated[2 * i + 1];
    const optim::RatesAndDecays updates = cases[2 * i].plan.values(o.simulated_steps);
    double kappa = 0;
    std::size_t done = 0;
    for (std::size_t k = 0; k < a.steps.size(); ++k) {
      for (; done < static_cast<std::size_t>(a.steps[k]); ++done)
        kappa += updates.lr[done] * updates.weight_decay[done];
      all[i].steps.push_back(a.steps[k]);
      // Of the squares, so that the noise that both share drops out but for its product with the start.
      const double difference = b.rms[k] * b.rms[k] - a.rms[k] * a.rms[k];
      all[i].left.push_back(difference > 0 ? std::sqrt(difference / (large * large - small * small)) : 0);
      all[i].predicted.push_back(std::exp(-kappa));
    }
  }
  return all;
}

void run_criterion(const CriterionOptions& o, RunContext& context) {
  set_up(context);
  if (o.powers.empty()) throw UsageError("--powers: expected at least one exponent, as in --powers 0.4,0.6");
  context.run();
  const auto seed = static_cast<std::uint64_t>(context.standard().seed) + 1;
  const std::vector<Row> rows = boundedness(o, seed);
  const std::vector<Forgetting> starts = forgetting(o, seed);

  Json json = Json::array();
  std::vector<std::vector<std::string>> table;
  std::printf("Without decay, rates %s (1 + j/100)^(-p), RMS by the double sum:\n\n", format_short(o.eta).c_str());
  std::printf("  %5s %10s %10s %10s %14s %8s   %s\n", "p", "at T/100", "at T/10", "at T", "limit", "growth", "");
  for (const Row& r : rows) {
    const std::size_t last = r.rms.size() - 1;
    const bool converges = std::isfinite(r.limit);
    const char* verdict = converges ? "settles" : r.power == 0.5 ? "grows with the logarithm" : "grows";
    const std::string limit = converges ? format_number(r.limit) : "none";
    std::printf("%s", fmt::format("  {:>5} {:>10} {:>10} {:>10} {:>14} {:>8}   {}\n", format_short(r.power),
                                  format_number(r.rms[last / 100]), format_number(r.rms[last / 10]),
                                  format_number(r.rms[last]), limit, format_fixed(r.growth, 3), verdict)
                          .c_str());
    json.push_back({{"power", r.power},
                    {"rms", r.rms.back()},
                    {"growth", r.growth},
                    {"limit", converges ? Json(r.limit) : Json(nullptr)},
                    {"settles", converges},
                    {"bound", r.bound},
                    {"simulated", r.simulated},
                    {"simulated_estimate", r.simulated_estimate}});
    table.push_back({format_short(r.power), converges ? "converges" : "diverges", format_number(r.rms[last / 100]),
                     format_number(r.rms[last / 10]), format_number(r.rms[last]), limit, format_fixed(r.growth, 3),
                     format_fixed(std::max(0.0, 1 - 2 * r.power), 3), format_number(r.simulated),
                     format_number(r.simulated_estimate), format_fixed(r.bound, 4)});
  }

  Report report("Which learning rates keep weights bounded?",
                fmt::format("rates η·(1 + j/100)^(−p), η = {}, {} steps", format_short(o.eta),
                            format_fixed(static_cast<double>(o.steps), 0)));
  Section& section = report.section("Without decay: Σ η² decides");
  section.text(
      "With β₁ = 0 the squares of rates add up, RMS² = Σ η². With momentum each gradient acts over several updates, "
      "yet the "
      "condition is the same: RMS² = (1−β₁)² Σ_j (Σ_i β₁^(i−j) η_i)², which by Cauchy and Schwarz is at most Σ η², and "
      "finite exactly where that is. So p > ½ settles, p < ½ grows as T^(1−2p), and p = ½ grows so slowly that no plot "
      "would tell.");
  section.table(
      {"p", "Σ η²", "RMS at T/100", "T/10", "T", "limit √Σ η²", "growth of RMS²", "theory", "simulated",
       "double sum there", "of bound"},
      table,
      fmt::format("Simulated: AdamW after {} steps with {} weights, noise {} %. *growth*: exponent over the last "
                  "factor of ten; where RMS² settles, it goes to 0, p = 0.6 slowly. "
                  "*of bound*: largest RMS²/Σ η² on the way, at most 1.",
                  format_fixed(static_cast<double>(o.simulated_steps), 0),
                  format_fixed(static_cast<double>(o.dimension), 0),
                  format_short(100 * simulation_error(o.dimension), 2)));
  LinePlot plot;
  plot.title = "RMS of the weights without decay";
  plot.width = 1060;
  plot.height = 400;
  plot.x = {.label = "step", .scale = Scale::kLog};
  plot.y = {.label = "RMS", .scale = Scale::kLog};
  for (const Row& r : rows) {
    Series series{.name = "p = " + format_short(r.power)};
    for (double t = 1; t < static_cast<double>(r.rms.size()); t *= 1.05) {
      series.x.push_back(std::floor(t));
      series.y.push_back(r.rms[static_cast<std::size_t>(t)]);
    }
    plot.series.push_back(std::move(series));
  }
  section.plot(to_svg(plot), "Double sum. Straight lines grow without end; p > ½ bends towards its limit.",
               Span::kFull);
  context.run().write_figure("criterion.svg", to_svg(plot));

  Section& start = report.section("With decay: Σ η decides what is left of the start");
  start.text(
      "Two trainings with the same gradients from first weights of RMS 0.05 and 0.5. What is left of their difference "
      "is "
      "e^(−κ), with κ = λ Σ η: it goes to 0 exactly where Σ η diverges. Rates j^(−1.5) stop moving before they "
      "forget.");
  LinePlot left;
  left.title = "How much of the start is left";
  left.width = 1060;
  left.height = 380;
  left.x.label = "step";
  left.y = {.label = "share of the difference", .scale = Scale::kLog, .low = 0.03, .high = 1.2};
  Json forgotten = Json::array();
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const int colour = static_cast<int>(i);
    left.series.push_back({.name = starts[i].name, .x = starts[i].steps, .y = starts[i].left, .colour = colour});
    left.series.push_back({.x = starts[i].steps, .y = starts[i].predicted, .dashed = true, .colour = colour});
    forgotten.push_back(
        {{"rates", starts[i].name}, {"left", starts[i].left.back()}, {"predicted", starts[i].predicted.back()}});
  }
  start.plot(to_svg(left), "Simulated, and dashed e^(−κ).", Span::kFull);
  std::printf("\nWith decay, what is left of a difference at the start (simulated, e^-kappa):\n");
  for (const Json& f : forgotten) {
    std::printf("%s", fmt::format("  {:<10} {:>8} {:>8}\n", f["rates"].get<std::string>(),
                                  format_number(f["left"].get<double>()), format_number(f["predicted"].get<double>()))
                          .c_str());
  }
  finish(context, report, {{"rows", json}, {"forgetting", forgotten}});
}

}  // namespace

void add_criterion(App& app) {
  app.command<CriterionOptions>("criterion", "Σ η² and Σ η: which rates keep weights bounded and forget the start",
                                run_criterion)
      .without({"device", "data"})
      .details(
          "Rates that fall as (1 + j/100)^(−p), without decay and with it, estimated over a million steps and "
          "simulated.")
      .examples({"--quick", "--powers 0.45,0.5,0.55"});
}

}  // namespace gg::apps
