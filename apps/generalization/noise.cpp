// `generalization noise`: random noise on the input, on hidden layers, on weights and on labels, added and multiplied,
// once and several times in a step, and the term that needs no labels (rows A1-A4, A6 and A9 of the story). Every kind
// is tried at several levels, chosen on validation data.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/common/plots.h"
#include "apps/common/text.h"
#include "apps/generalization/commands.h"
#include "apps/generalization/methods.h"
#include "apps/generalization/pictures.h"
#include "apps/generalization/training.h"

namespace gg::apps {
namespace {

using losses::NoiseKind;

struct NoiseOptions {
  DataOptions data;
  TrainingOptions training{.steps = 1000};
  std::vector<double> sigmas = {0.05, 0.1, 0.2, 0.4};
  std::vector<double> hidden_sigmas = {0.1, 0.3, 1};
  std::vector<double> weight_sigmas = {0.01, 0.03, 0.1};
  std::vector<double> label_shares = {0.05, 0.1, 0.2};
  std::vector<double> dropout = {0.1, 0.3, 0.5};
  std::vector<double> multiplied = {0.3, 0.6, 1};
  std::vector<double> shifts = {0.05, 0.1, 0.2};
  std::vector<std::int64_t> samples = {4, 16};
  std::vector<std::int64_t> label_counts = {20, 50, 100, 200, 500};
  std::vector<std::string> kinds = {"all"};

  double middle_sigma() const { return sigmas[sigmas.size() / 2]; }
  void declare(OptionSet& options) {
    data.declare(options);
    training.declare(options);
    options.group("Noise");
    options.add("sigmas", sigmas, "deviations of noise on the input, and of the label-free term")
        .range(0, 10)
        .not_empty()
        .quick({0.1, 0.2});
    options.add("hidden_sigmas", hidden_sigmas, "deviations of noise on hidden layers")
        .range(0, 10)
        .not_empty()
        .quick({0.3});
    options.add("weight_sigmas", weight_sigmas, "deviations of noise on weights")
        .range(0, 10)
        .not_empty()
        .quick({0.03});
    options.add("label_shares", label_shares, "shares of wrong labels, and of label smoothing")
        .range(0, 1)
        .not_empty()
        .quick({0.1});
    options.add("dropout", dropout, "probabilities of dropout on hidden layers")
        .range(0, 0.95)
        .not_empty()
        .quick({0.3});
    options.add("multiplied", multiplied, "deviations of normal noise that multiplies hidden layers")
        .range(0, 10)
        .not_empty()
        .quick({0.6});
    options.add("shifts", shifts, "largest shift and zoom of images, as a share of their size")
        .range(0, 0.9)
        .not_empty()
        .quick({0.1});
    options.add("samples", samples, "draws of input noise in each step").range(1, 1000).not_empty().quick({4});
    options
        .add("label_counts", label_counts,
             "numbers of labelled digits for accuracy over labels; 0 in place of a list leaves it out")
        .range(0, 1000)
        .not_empty()
        .quick({0});
    options.add("kinds", kinds, "which kinds of noise; none is always there, to be compared with")
        .choices({"all", "input", "hidden", "weights", "labels", "multiplied", "draws", "shift", "label-free"})
        .not_empty()
        .example("--kinds input,label-free");
  }
};

/// A kind of noise at several levels.
struct Kind {
  std::string name;
  std::vector<Arm> arms = {};
  std::vector<std::string> names() const {
    std::vector<std::string> list;
    for (const Arm& arm : arms) list.push_back(arm.name);
    return list;
  }
};

template <class Make>
Kind levels(const std::string& name, const char* sign, const std::vector<double>& values, const Make& make) {
  Kind kind{name};
  for (const double v : values) kind.arms.push_back({fmt::format("{}, {}{}", name, sign, v), make(v), v});
  return kind;
}

std::vector<Kind> kinds_of(const NoiseOptions& o, const DataSet& data) {
  std::vector<Kind> kinds = {{"no noise", {{"no noise", supervised, 0}}}};
  const auto add = [&](const char* group, const Kind& kind) {
    for (const std::string& wanted : o.kinds) {
      if (wanted != "all" && wanted != group) continue;
      kinds.push_back(kind);
      return;
    }
  };
  add("input", levels("input", "σ ", o.sigmas, [](double s) { return input_noise(s); }));
  add("hidden", levels("hidden layers", "σ ", o.hidden_sigmas, added_in_hidden));
  add("weights", levels("weights", "σ ", o.weight_sigmas, weight_noise));
  add("labels", levels("wrong labels", "", o.label_shares, label_noise));
  add("labels", levels("label smoothing", "", o.label_shares, label_smoothing));
  add("multiplied", levels("dropout", "p ", o.dropout, [](double p) {
        return multiplied_in_hidden(std::sqrt(p / (1 - p)), NoiseKind::bernoulli);
      }));
  const double uniform = 1 / std::sqrt(3.0);
  add("multiplied", {"× 2·U(0, 1)", {{"× 2·U(0, 1)", multiplied_in_hidden(uniform, NoiseKind::uniform), uniform}}});
  add("multiplied",
      levels("× normal", "σ ", o.multiplied, [](double s) { return multiplied_in_hidden(s, NoiseKind::gaussian); }));
  const double middle = o.middle_sigma();
  Kind several{"input, several draws"};
  for (const std::int64_t k : o.samples) {
    several.arms.push_back({fmt::format("input, σ {}, {} draws", middle, k), input_noise(middle, k), middle});
  }
  add("draws", several);
  if (data.sample_shape().rank() == 3) add("shift", levels("shift and zoom", "", o.shifts, shift_and_zoom));
  add("label-free", levels("label-free term", "σ ", o.sigmas, [](double s) { return label_free(s, Target::fixed); }));
  add("label-free",
      levels("label-free, target learns", "σ ", o.sigmas, [](double s) { return label_free(s, Target::learns); }));
  return kinds;
}

Series accuracy_over_levels(const Comparison& result, const Kind& kind) {
  Series series{.name = kind.name, .markers = true};
  for (const Arm& arm : kind.arms) {
    series.x.push_back(arm.setting);
    series.y.push_back(100 * result.arm(arm.name).of("test_accuracy").mean);
  }
  return series;
}

/// What becomes of the two parts of a loss with the label-free term, over the steps of replicate 0.
void add_both_terms(Section& section, const Lab& lab, const DataSet& data, const ArmResult& arm, std::int64_t steps) {
  LinePlot plot;
  plot.title = "Both terms, " + arm.name;
  plot.x.label = "step";
  plot.y = {.label = "mean over a hundredth of the steps", .scale = Scale::kLog};
  for (const char* term : {kLabelledTerm, kLabelFreeTerm}) {
    plot.series.push_back(course_of(arm, term, steps));
    plot.series.back().name = term;
  }
  section.plot(to_svg(plot),
               "The labelled samples are soon learned by heart and say nothing more. The second term, of all samples, "
               "begins at nothing, as a network without an opinion has none to change; it grows with the opinions, and "
               "from then on it is what trains.");
  lab.context.run().write_figure("terms_" + data.name + ".svg", to_svg(plot));
}

void add_section(Report& report, const Lab& lab, const DataSet& data, const Comparison& result,
                 const std::vector<Kind>& kinds, const NoiseOptions& options) {
  const double sigma = options.middle_sigma();
  Section& section = report.section(fmt::format("{}: {} labels", data.title, data.labels));
  std::vector<std::string> chosen;
  for (const Kind& kind : kinds) chosen.push_back(best_on_validation(result, kind.names()).name);
  add_table(section, result, chosen,
            fmt::format("Each kind of noise at the level that is best on {} validation samples, on average over the "
                        "replicates. Mean ± standard deviation of {} replicates; difference in points, ± its standard "
                        "error, to the same replicates without noise.",
                        data.validation, result.arms[0].scores.size()));
  LinePlot plot;
  plot.title = "Accuracy over the level of noise";
  plot.x = {.label = "deviation σ of the noise on the input", .scale = Scale::kLog};
  plot.y.label = "test accuracy, %";
  for (const Kind& kind : kinds) {
    if (kind.name == "input" || kind.name.starts_with("label-free")) {
      plot.series.push_back(accuracy_over_levels(result, kind));
    }
  }
  plot.baselines = {{"no noise", 100 * result.arms[0].of("test_accuracy").mean}};
  if (options.sigmas.size() > 1) {
    section.plot(to_svg(plot), "Means of the replicates. *Target learns*: f(x) in l(f(x+ε), f(x)) is no constant.");
    lab.context.run().write_figure("sigma_" + data.name + ".svg", to_svg(plot));
  }
  BarChart bars;
  bars.title = "How much predictions move under noise";
  bars.y.label = fmt::format("KL(f(x) ‖ f(x+ε)), σ = {}", sigma);
  bars.horizontal = true;
  bars.categories = chosen;
  Bars moved;
  for (const std::string& name : chosen) moved.values.push_back(result.arm(name).of("sensitivity").mean);
  bars.bars = {moved};
  section.plot(to_svg(bars), "On test samples. To move less is what noise trains; it is not yet to be right.");
  for (const Kind& kind : kinds) {
    if (kind.name != "label-free term") continue;
    add_both_terms(section, lab, data, best_on_validation(result, kind.names()), options.training.steps);
  }
  if (data.name == "two-moons") {
    std::vector<std::string> drawn;
    for (const Kind& kind : kinds) {
      if (kind.name == "no noise" || kind.name == "input" || kind.name == "dropout" || kind.name == "label-free term") {
        drawn.push_back(best_on_validation(result, kind.names()).name);
      }
    }
    add_boundaries(section, lab, "noise", drawn,
                   "The border that replicate 0 drew between the moons, from the few points with discs.");
  }
}

/// Test accuracy over the number of labelled digits, with and without the term that needs none.
void add_label_sweep(Report& report, Lab& lab, const NoiseOptions& options, DataSet data, double sigma, Json& summary) {
  const std::vector<Arm> arms = {{"no noise", supervised, 0},
                                 {"input noise", input_noise(sigma), sigma},
                                 {"label-free term", label_free(sigma, Target::fixed), sigma}};
  Section& section = report.section("Fewer labels, more help?");
  LinePlot plot;
  plot.title = "Digits";
  plot.x = {.label = "labelled digits", .scale = Scale::kLog};
  plot.y.label = "test accuracy, %";
  for (const Arm& arm : arms) plot.series.push_back({.name = arm.name, .markers = true});
  std::vector<std::vector<std::string>> rows;
  for (const std::int64_t labels : options.label_counts) {
    data.labels = labels;
    data.name = fmt::format("digits-{}-labels", labels);
    const Comparison result = compare(lab, data, arms, options.training);
    merge_into(summary, summary_of(result));
    std::vector<std::string> row = {fmt::format("{}", labels)};
    for (std::size_t i = 0; i < arms.size(); ++i) {
      const Spread accuracy = result.arms[i].of("test_accuracy");
      plot.series[i].x.push_back(static_cast<double>(labels));
      plot.series[i].y.push_back(100 * accuracy.mean);
      row.push_back(percent(accuracy));
      if (i > 0) {
        row.push_back(points(paired(result.arms[0].values("test_accuracy"), result.arms[i].values("test_accuracy"))));
      }
    }
    rows.push_back(row);
  }
  section.text(fmt::format("The same three methods at σ = {}, same splits, weights and batches for each.", sigma));
  section.table({"labels", "no noise", "input noise", "difference", "label-free term", "difference"}, rows);
  section.plot(to_svg(plot), "The label-free term sees all training digits, the other two only those with labels.");
  lab.context.run().write_figure("labels.svg", to_svg(plot));
}

void run_noise(const NoiseOptions& options, RunContext& context) {
  Lab lab(context);
  const std::vector<DataSet> sets = lab.data_sets(options.data);
  const double sigma = options.middle_sigma();
  Report report = start_report(lab, "Random noise", "few labels");
  report.lead(
      "Noise is the oldest way to keep a network from leaning on details: a sample and its neighbours shall have the "
      "same answer. Here is every place where it can be put, at one budget of steps, on data with few labels; and the "
      "first method that uses samples without labels.");
  Json summary = Json::object();
  for (const DataSet& data : sets) {
    const std::vector<Kind> kinds = kinds_of(options, data);
    std::vector<Arm> arms;
    for (const Kind& kind : kinds) arms.insert(arms.end(), kind.arms.begin(), kind.arms.end());
    const Inspect draw = data.name == "two-moons" ? draw_boundary(lab, "noise") : Inspect();
    const Inspect inspect = [&](const Arm& arm, std::int64_t replicate, const models::Classifier& model,
                                const Split& split) {
      if (draw) draw(arm, replicate, model, split);
      return Json{{"sensitivity", sensitivity(lab, model, split, sigma)}};
    };
    const Comparison result = compare(lab, data, arms, options.training, inspect);
    add_section(report, lab, data, result, kinds, options);
    merge_into(summary, summary_of(result));
    Json chosen = Json::object();
    for (const Kind& kind : kinds) chosen[kind.name] = best_on_validation(result, kind.names()).name;
    summary[data.name + "_chosen"] = chosen;
  }
  for (const DataSet& data : sets) {
    if (data.name == "digits" && options.label_counts != std::vector<std::int64_t>{0}) {
      add_label_sweep(report, lab, options, data, sigma, summary);
    }
  }
  finish(lab, report, summary);
}

}  // namespace

void add_noise(App& app) {
  app.command<NoiseOptions>("noise", "random noise on inputs, hidden layers, weights and labels", run_noise)
      .details(
          "Trains a small network on few labels with each kind of noise at several levels, every kind from the same "
          "weights and on the same batches, and compares them in pairs. The level is chosen on validation data.")
      .examples({"--quick # see that it works", "--data-sets digits --digits-labels 50",
                 "--data-sets fashion-mnist --fashion-labels 100 --replicates 3"});
}

}  // namespace gg::apps
