#include "apps/generalization/theory.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>

#include "apps/common/text.h"
#include "apps/generalization/commands.h"
#include "data/order.h"
#include "ops/ops.h"

namespace gg::apps {
namespace {

std::string mark(bool holds) { return holds ? "holds" : "**fails**"; }

void write(Report& report, const RunDir& run, const Theory& theory) {
  for (const Theory::Part& part : theory.parts) {
    Section& section = report.section(part.title);
    section.text(part.text);
    std::vector<std::vector<std::string>> rows;
    for (const Claim& c : part.claims) rows.push_back({c.row, c.formula, c.expected, c.measured, mark(c.holds)});
    section.table({"row", "formula", "expected", "measured", ""}, rows);
    for (const Theory::Table& table : part.tables) section.table(table.head, table.rows, table.caption);
    for (const TheoryPlot& plot : part.plots) {
      section.plot(plot.svg, plot.caption);
      run.write_figure(plot.file, plot.svg);
    }
  }
}

void run_theory(const TheoryOptions& options, RunContext& context) {
  Lab lab(context);
  context.run();
  Theory theory(lab, options);
  add_noise_theory(theory);
  add_bound_theory(theory);
  add_penalty_theory(theory);
  add_vat_theory(theory);

  std::vector<std::string> failed;
  Json claims = Json::array();
  for (const Theory::Part& part : theory.parts) {
    for (const Claim& c : part.claims) {
      claims.push_back({{"row", c.row},
                        {"formula", c.formula},
                        {"expected", c.expected},
                        {"measured", c.measured},
                        {"holds", c.holds}});
      if (!c.holds) failed.push_back(c.row + ", " + c.formula);
    }
  }
  Report report = start_report(lab, "The theory, computed", "random networks");
  report.lead(fmt::format(
      "From random noise to gradient penalties to virtual adversarial training: every formula on the way, computed on "
      "random networks. **{} of {}** hold.",
      claims.size() - failed.size(), claims.size()));
  write(report, context.run(), theory);
  finish(lab, report, {{"claims", claims.size()}, {"failed", failed.size()}, {"all", claims}});
  std::string list;
  for (const std::string& name : failed) list += (list.empty() ? "" : "; ") + name;
  GG_CHECK(failed.empty(), failed.size(), " of ", claims.size(), " formulas do not hold: ", list);
}

}  // namespace

void TheoryOptions::declare(OptionSet& options) {
  options.group("Theory");
  options.add("draws", draws, "draws of noise behind each mean").range(500, 1e7).quick(4000);
  options.add("inputs", inputs, "inputs of the networks whose costs are compared").range(8, 100000).quick(64);
}

void Theory::part(const std::string& title, const std::string& text) {
  parts.push_back({title, text, {}, {}, {}});
  std::printf("\n%s\n", title.c_str());
}

void Theory::claim(const Claim& c) {
  parts.back().claims.push_back(c);
  std::printf("  %-4s %s: expected %s, measured %s: %s\n", c.row.c_str(), c.formula.c_str(), c.expected.c_str(),
              c.measured.c_str(), c.holds ? "ok" : "FAILS");
  std::fflush(stdout);
}

void Theory::near(const std::string& row, const std::string& formula, double expected, double tolerance,
                  double measured) {
  claim({row, formula, fmt::format("{} ± {}", format_short(expected), format_short(tolerance)), format_short(measured),
         std::abs(measured - expected) <= tolerance});
}

void Theory::at_most(const std::string& row, const std::string& formula, double bound, double measured) {
  claim({row, formula, "≤ " + format_short(bound), format_short(measured), measured <= bound});
}

void Theory::at_least(const std::string& row, const std::string& formula, double bound, double measured) {
  claim({row, formula, "≥ " + format_short(bound), format_short(measured), measured >= bound});
}

void Theory::plot(const std::string& file, const std::string& svg, const std::string& caption) {
  parts.back().plots.push_back({svg, caption, file});
}

void Theory::table(const std::vector<std::string>& head, const std::vector<std::vector<std::string>>& rows,
                   const std::string& caption) {
  parts.back().tables.push_back({head, rows, caption});
}

models::Classifier random_net(const RandomNet& o, Generator& generator) {
  const Generator::State state = generator.reserve(1);
  manual_seed(data::sample_key(state.seed, state.offset, 0));
  models::Classifier net({.image = {o.widths.front()},
                          .classes = o.widths.back(),
                          .hidden = {o.widths.begin() + 1, o.widths.end() - 1},
                          .dropout = 0,
                          .activation = o.activation});
  net.to(o.dtype);
  TensorMap scaled;
  for (const auto& [name, value] : net.state_dict()) scaled[name] = value * o.scale;
  net.load_state_dict(scaled);
  net.requires_grad_(false);
  net.eval();
  return net;
}

Tensor random_inputs(std::int64_t n, std::int64_t width, Generator& generator, DType dtype) {
  return randn({n, width}, {.dtype = dtype}, generator);
}

void add_theory(App& app) {
  app.command<TheoryOptions>("theory", "every formula of the story, computed and compared", run_theory)
      .details(
          "Computes both sides of each formula on random networks: how noise averages, what is left of it to second "
          "order, when it is a gradient penalty, and which direction virtual adversarial training finds. A line for "
          "each, and a report with plots. Fails where a formula does.")
      .without({"device", "data"})
      .examples({"--quick # see that it works", "--draws 100000 # closer means"});
}

}  // namespace gg::apps
