// `generalization vat`: virtual adversarial training with few labels and many unlabelled samples (rows A18, A23 and A27
// of the story). The steps of the procedure, one by one, are in vat_trace.cpp (A19, A20, A22).
#include <fmt/format.h>

#include <algorithm>

#include "apps/common/plots.h"
#include "apps/common/text.h"
#include "apps/generalization/commands.h"
#include "apps/generalization/pictures.h"
#include "apps/generalization/vat_trace.h"
#include "losses/losses.h"
#include "ops/ops.h"

namespace gg::apps {
namespace {

struct VatCommand {
  DataOptions data{
      .data_sets = {"two-moons", "digits"}, .moons_labels = 8, .digits_labels = 50, .fashion_labels = 1000};
  TrainingOptions training{.steps = 3000};
  std::vector<double> epsilons = {0.1, 0.25, 0.5, 1};
  std::int64_t power_iterations = 1;
  double entropy = 0.1;
  bool ablations = true;
  void declare(OptionSet& options) {
    data.declare(options);
    training.declare(options);
    options.group("Virtual adversarial training");
    options.add("epsilons", epsilons, "lengths of the perturbation; the best on validation data is reported")
        .above(0)
        .not_empty()
        .quick(std::vector<double>{0.25, 0.5});
    options.add("power_iterations", power_iterations, "power steps towards the direction of the perturbation")
        .range(1, 100);
    options.add("entropy", entropy, "weight of the entropy in the variant that has it").range(0, 100);
    options.add("ablations", ablations, "also train the variants: finite differences, gradient through f(x), entropy")
        .quick(false);
  }
};

std::string vat_name(double e) { return fmt::format("VAT, ε = {}", e); }
std::string random_name(double e) { return fmt::format("random direction, ε = {}", e); }

Objective with_vat(const losses::VatOptions& vat) {
  return [vat](const Step& s) {
    return supervised(s) + losses::vat([&](const Tensor& x) { return s.model(x); }, s.unlabelled(), vat);
  };
}

/// What is trained on a data set.
struct Plan {
  std::vector<Arm> arms;
  std::vector<std::string> random, vat, variants;  ///< names
};

Plan plan(const VatCommand& options) {
  Plan p;
  p.arms = {{"supervised", supervised, 0}};
  const auto steps = static_cast<int>(options.power_iterations);
  for (const double e : options.epsilons) {
    p.arms.push_back({random_name(e), with_vat({.epsilon = e, .power_iterations = 0}), e});
    p.arms.push_back({vat_name(e), with_vat({.epsilon = e, .power_iterations = steps}), e});
    p.random.push_back(random_name(e));
    p.vat.push_back(vat_name(e));
  }
  if (!options.ablations) return p;
  const double e = options.epsilons[options.epsilons.size() / 2];
  const auto variant = [&](const std::string& name, losses::VatOptions vat) {
    vat.epsilon = e;
    p.arms.push_back({name, with_vat(vat), e});
    p.variants.push_back(name);
  };
  for (const double xi : {1e-6, 0.1, 10.0}) {
    variant(fmt::format("finite differences, ξ = {}", xi),
            {.power_iterations = steps, .direction = losses::VatDirection::finite_differences, .xi = xi});
  }
  variant("gradient through f(x), too", {.power_iterations = steps, .clean_gradient = true});
  variant("three power steps", {.power_iterations = 3});
  variant(fmt::format("+ {}·entropy", options.entropy), {.power_iterations = steps, .entropy = options.entropy});
  return p;
}

/// The largest singular value of each layer's weight, seen as a matrix.
Inspect spectral_norms(const Inspect& draw) {
  return [draw](const Arm& arm, std::int64_t replicate, const models::Classifier& model, const Split& split) -> Json {
    Json line = draw ? draw(arm, replicate, model, split) : Json::object();
    for (const Tensor& p : model.parameters()) {
      if (p.rank() < 2) continue;
      const Tensor w = flatten(to(p.detach(), Device()), 1);
      line["spectral_norms"].push_back(max(svdvals(w)).item());
    }
    return line;
  };
}

double mean_norm(const ArmResult& arm, std::size_t layer) {
  double total = 0;
  for (const Json& line : arm.scores) total += line.at("spectral_norms").at(layer).get<double>();
  return total / static_cast<double>(arm.scores.size());
}

void show_epsilons(Section& section, const Lab& lab, const Comparison& result, const Plan& p) {
  if (p.vat.size() < 2) return;  // no curve
  LinePlot plot;
  plot.title = "Accuracy by the length of the perturbation";
  plot.x = {.label = "ε", .scale = Scale::kLog};
  plot.y.label = "accuracy, %";
  for (const auto& [names, label, key] :
       {std::tuple(&p.vat, "VAT, test", "test_accuracy"), std::tuple(&p.vat, "VAT, validation", "validation_accuracy"),
        std::tuple(&p.random, "random direction, test", "test_accuracy")}) {
    Series series{.name = label, .dashed = std::string(key) != "test_accuracy", .markers = true};
    for (const std::string& name : *names) {
      series.x.push_back(result.arm(name).setting);
      series.y.push_back(100 * result.arm(name).of(key).mean);
    }
    plot.series.push_back(series);
  }
  plot.baselines = {{"supervised", 100 * result.arm("supervised").of("test_accuracy").mean}};
  lab.context.run().write_figure("epsilon_" + result.data_set + ".svg", to_svg(plot));
  section.plot(to_svg(plot), "ε is chosen by the dashed curve, on validation samples that no training saw.");
}

void show_norms(Section& section, const Comparison& result, const std::vector<std::string>& names) {
  BarChart chart;
  chart.title = "Largest singular value of each layer";
  chart.y.label = "σ(W)";
  const std::size_t layers = result.arms[0].scores[0].at("spectral_norms").size();
  for (std::size_t layer = 0; layer < layers; ++layer) chart.categories.push_back(fmt::format("layer {}", layer + 1));
  for (const std::string& name : names) {
    Bars bars{.name = name, .values = {}};
    for (std::size_t layer = 0; layer < layers; ++layer) bars.values.push_back(mean_norm(result.arm(name), layer));
    chart.bars.push_back(bars);
  }
  std::size_t smaller = 0;
  for (std::size_t layer = 0; layer < layers; ++layer) {
    smaller += chart.bars.back().values[layer] < chart.bars.front().values[layer];
  }
  section.plot(to_svg(chart),
               fmt::format("A27: does a function that is smooth around the data show in its layers' Lipschitz "
                           "constants? The expectation was smaller ones under VAT. Here VAT's are smaller than those "
                           "of supervised training in {} of {} layers: the products bound the slope everywhere, VAT "
                           "flattens where there are samples, and may steepen the way between.",
                           smaller, layers));
}

Json spectral_summary(const ArmResult& arm) {
  Json norms = Json::array();
  for (std::size_t layer = 0; layer < arm.scores[0].at("spectral_norms").size(); ++layer) {
    norms.push_back(mean_norm(arm, layer));
  }
  return norms;
}

std::string verdict(const Paired& pair) {
  const double gain = 100 * pair.difference.mean;
  if (std::abs(pair.difference.mean) < 2 * pair.difference.standard_error()) return "no clear difference";
  return fmt::format("**{} points {}**", format_fixed(std::abs(gain), 1), gain > 0 ? "better" : "worse");
}

void run_vat(const VatCommand& options, RunContext& context) {
  Lab lab(context);
  const std::vector<DataSet> sets = lab.data_sets(options.data);
  Report report = start_report(lab, "Virtual adversarial training", "few labels, many samples");
  report.lead(
      "What a network says of a sample should not change within ε of it. Virtual adversarial training looks for the "
      "direction in which it changes most and teaches it not to, **without any label**: so the unlabelled samples "
      "help. "
      "It works where classes keep a distance from each other, and hurts where they do not.");
  Json summary = Json::object();
  for (const DataSet& data : sets) {
    const Plan p = plan(options);
    const bool plane = data.name == "two-moons";
    const Comparison result =
        compare(lab, data, p.arms, options.training, spectral_norms(plane ? draw_boundary(lab, "vat") : Inspect()));
    const ArmResult& vat = best_on_validation(result, p.vat);
    const ArmResult& random = best_on_validation(result, p.random);
    const ArmResult& plain = result.arm("supervised");
    const Paired gain = paired(plain.values("test_accuracy"), vat.values("test_accuracy"));
    const Paired over_random = paired(random.values("test_accuracy"), vat.values("test_accuracy"));

    Section& section = report.section(fmt::format("{}: {} labels", data.title, data.labels));
    section.text(fmt::format(
        "ε was chosen on {} validation samples: {} for VAT, {} for random directions. On test samples VAT is {} than "
        "supervised training ({} of {} trainings better, sign test p = {}) and, against random directions of its own "
        "best ε, {}. (The validation set is larger than the labelled one, as everywhere in this literature: without "
        "one, ε is a guess.)",
        data.validation, vat.setting, random.setting, verdict(gain), gain.wins, gain.difference.n,
        format_short(gain.sign_test, 2), verdict(over_random)));
    add_table(section, result, {"supervised", random.name, vat.name},
              "A18: test samples, mean ± standard deviation. Random directions are the control: unlabelled samples and "
              "perturbations, but none that is chosen. (In the plane a random direction is nearly as good: there are "
              "only two.)");
    show_epsilons(section, lab, result, p);
    show_norms(section, result, {"supervised", random.name, vat.name});
    if (plane) {
      add_boundaries(section, lab, "vat", {"supervised", random.name, vat.name, p.vat.back()},
                     "With VAT the border goes through the empty space between the moons, which the unlabelled points "
                     "show and the labelled ones do not; with too large an ε there is no room for it.");
    }
    if (!p.variants.empty()) {
      std::vector<std::string> names = {"supervised", vat_name(options.epsilons[options.epsilons.size() / 2])};
      names.insert(names.end(), p.variants.begin(), p.variants.end());
      add_table(section, result, names,
                "Variants at the ε of the second line. A21: directions by finite differences, where ξ = 1e-6 in "
                "float32 is a random direction and ξ = 10 no derivative any more. A23: with the gradient through "
                "f(x) as well, as against the constant target (the document's \"knock-off\"). The entropy term makes "
                "predictions certain. Read the deviations: most of these differences are within them.");
    }
    Json numbers = summary_of(result)[data.name];
    for (const ArmResult& arm : result.arms) numbers[arm.name]["spectral_norms"] = spectral_summary(arm);
    numbers["chosen"] = {{"vat", vat.name},
                         {"random", random.name},
                         {"gain", gain.difference.mean},
                         {"gain_over_random", over_random.difference.mean}};
    summary[data.name] = numbers;
    report.number({.label = fmt::format("{}, {} labels", data.title, data.labels),
                   .value = 100 * vat.of("test_accuracy").mean,
                   .unit = "%",
                   .better = Better::kHigher,
                   .baseline_name = "supervised",
                   .baseline = 100 * plain.of("test_accuracy").mean,
                   .absolute = true,
                   .note = vat.name});
    if (data.sample_shape().rank() == 3) {
      add_trace(report, summary[data.name], lab, data, options.training, with_vat({.epsilon = vat.setting}),
                vat.setting);
    }
  }
  finish(lab, report, summary);
}

}  // namespace

void add_vat(App& app) {
  app.command<VatCommand>("vat", "virtual adversarial training: few labels, many samples", run_vat)
      .details(
          "Trains with a handful of labels: supervised, with unlabelled samples moved in random directions, and with "
          "virtual adversarial training. The length ε is chosen on validation samples. A last section walks through "
          "the "
          "procedure on one sample, with pictures.")
      .examples({"--quick # see that it works", "--data-sets digits --digits-labels 50",
                 "--data-sets fashion-mnist --fashion-labels 100 --hidden 256,256 --steps 2000 # where it hurts"});
}

}  // namespace gg::apps
