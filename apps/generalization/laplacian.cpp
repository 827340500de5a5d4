// `generalization laplacian`: training with the Laplacian that noise is on average (row A5 of the story), which the
// document calls impractical: exactly, by Hutchinson's estimate, and with its bounded part, the Fisher form, exact and
// by one sampled label. The exact form without its guard, which runs away, is the negative control.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/common/plots.h"
#include "apps/common/text.h"
#include "apps/generalization/commands.h"
#include "apps/generalization/cost.h"
#include "apps/generalization/methods.h"
#include "apps/generalization/pictures.h"
#include "autograd/autograd.h"
#include "autograd/functional/functional.h"
#include "core/grad_mode.h"
#include "core/profiler.h"
#include "losses/losses.h"
#include "ops/ops.h"

namespace gg::apps {
namespace {

struct LaplacianCommand {
  DataOptions data{.data_sets = {"two-moons", "digits"}};
  TrainingOptions training{.steps = 600, .batch = 32, .hidden = {32, 32}, .activation = "tanh"};
  std::vector<double> sigmas = {0.1, 0.2, 0.4};
  double runaway_sigma = 1;
  std::int64_t inputs = 784;
  std::int64_t draws = 200;
  void declare(OptionSet& options) {
    data.declare(options);
    training.declare(options);
    options.group("Laplacian");
    options.add("sigmas", sigmas, "deviations of the noise that is stood for").range(0, 10).not_empty().quick({0.2});
    options.add("runaway_sigma", runaway_sigma, "deviation at which the exact form is tried without its guard")
        .range(0, 100);
    options.add("inputs", inputs, "inputs of the network whose costs are counted").range(2, 100000).quick(64);
    options.add("draws", draws, "gradients behind each variance").range(2, 100000).quick(20);
  }
};

/// Ways to train with what noise does to second order.
enum class Way { noise, exact, unguarded, hutchinson, fisher, sampled_label };
constexpr Way kCompared[] = {Way::noise, Way::exact, Way::hutchinson, Way::fisher, Way::sampled_label};
const char* name_of(Way way) {
  switch (way) {
    case Way::noise:
      return "noise";
    case Way::exact:
      return "exact Laplacian";
    case Way::unguarded:
      return "exact, no guard";
    case Way::hutchinson:
      return "Hutchinson, one probe";
    case Way::fisher:
      return "Fisher form";
    case Way::sampled_label:
      return "Fisher, one sampled label";
  }
  return "";
}

/// The loss of a labelled batch: cross-entropy and what stands for the noise.
Tensor loss_of(const models::Classifier& model, const Tensor& x, const Tensor& y, double sigma, Way way) {
  const Function logits = [&](const Tensor& at) { return model(at); };
  const Function loss = [&](const Tensor& at) {
    return losses::cross_entropy(model(at), y, {.reduction = losses::Reduction::none});
  };
  switch (way) {
    case Way::noise:
      return losses::noisy_loss(loss, x, {.noise = {.std = sigma}});
    case Way::exact:
      return losses::expanded_noisy_loss(loss, x, {.sigma = sigma});
    case Way::unguarded:
      return losses::expanded_noisy_loss(loss, x, {.sigma = sigma, .lowest = -INFINITY});
    case Way::hutchinson:
      return losses::expanded_noisy_loss(loss, x, {.sigma = sigma, .probes = 1});
    case Way::fisher:
    case Way::sampled_label: {
      const FisherTrace f = way == Way::fisher ? fisher_trace(logits, x) : sampled_fisher_trace(logits, x);
      return losses::cross_entropy(f.logits, y) + mean(f.trace) * (0.5 * sigma * sigma);
    }
  }
  fail("there is no such way");
}

Arm make_arm(Way way, double sigma) {
  return {fmt::format("{}, σ {}", name_of(way), sigma),
          [=](const Step& s) { return loss_of(s.model, s.x, s.y, sigma, way); }, sigma};
}

/// Multiply-adds in matrix products of whatever runs: m·n·k is the root of the product of the three sizes.
double products_in(const std::function<void()>& work) {
  Profiler profiler;
  work();
  double total = 0;
  for (const KernelEvent& event : profiler.profile().events) {
    if (event.kernel.find("matmul") == std::string::npos && event.kernel.find("linear") == std::string::npos) continue;
    double sizes = 1, batch = 1;
    int arrays = 0;
    std::size_t at = 0;
    while (arrays < 3 && (at = event.shapes.find('[', at)) != std::string::npos) {
      const std::size_t end = event.shapes.find(']', at);
      std::vector<double> dims;
      for (std::size_t i = at + 1; i < end;) {
        std::size_t used = 0;
        dims.push_back(std::stod(event.shapes.substr(i, end - i), &used));
        i += used + 1;
      }
      for (const double d : dims) sizes *= d;
      if (arrays == 0) {
        for (std::size_t i = 0; i + 2 < dims.size(); ++i) batch *= dims[i];
      }
      ++arrays;
      at = end;
    }
    if (arrays == 3) total += std::sqrt(sizes / batch);
  }
  return total;
}

/// What a step costs, on a network as wide as images of 28×28 want it.
Json add_costs(Section& section, const Lab& lab, const LaplacianCommand& options) {
  manual_seed(lab.seed_for(kTheory, 100));
  const models::Classifier model({.image = {options.inputs},
                                  .classes = 10,
                                  .hidden = {128, 128},
                                  .dropout = 0,
                                  .activation = models::Activation::tanh});
  const std::vector<Tensor> parameters = model.parameters();
  const Tensor x = randn({32, options.inputs}), y = randint(0, 10, {32});
  std::vector<std::string> names = {"cross-entropy alone"};
  std::vector<std::function<void()>> work = {[&] { grad(losses::cross_entropy(model(x), y), parameters); }};
  for (const Way way : kCompared) {
    names.push_back(name_of(way));
    work.push_back([&, way] { grad(loss_of(model, x, y, 0.2, way), parameters); });
  }
  const std::vector<double> seconds = seconds_of(work, 3);
  std::vector<double> counted;
  for (const auto& piece : work) counted.push_back(products_in(piece));
  std::vector<std::vector<std::string>> rows;
  Json json = Json::object();
  for (std::size_t i = 0; i < work.size(); ++i) {
    rows.push_back({names[i], format_number(1e3 * seconds[i], 3), format_number(seconds[i] / seconds[0], 3),
                    format_number(1e-6 * counted[i], 3), format_number(counted[i] / counted[0], 3)});
    json[names[i]] = {{"milliseconds", 1e3 * seconds[i]}, {"multiply_adds", counted[i]}};
  }
  section.table({"loss", "ms a step", "×", "10⁶ multiply-adds", "×"}, rows,
                fmt::format("Loss and gradient of 32 samples on {}-128-128-10. CPU time, middle of 3, taken in turn; "
                            "multiply-adds of all matrix products, counted.",
                            options.inputs));
  return json;
}

/// How much the estimates of the Laplacian's gradient vary.
Json add_variances(Section& section, Lab& lab, const DataSet& data, const LaplacianCommand& options) {
  const double sigma = options.sigmas[options.sigmas.size() / 2];
  const Split split = make_split(data, lab.seed_for(kSplit));
  TrainingOptions training = options.training;
  training.steps = std::min<std::int64_t>(training.steps, 300);
  const models::Classifier model = make_network(lab, data, training, 0);
  train_network(lab, model, split, training, supervised, 0);
  const Tensor x = to(split.x, lab.device), y = to(split.y, lab.device);
  const auto estimate = [&](std::int64_t probes) {
    return [&model, x, y, sigma, probes] {
      const Function loss = [&](const Tensor& at) {
        return losses::cross_entropy(model(at), y, {.reduction = losses::Reduction::none});
      };
      return losses::expanded_noisy_loss(loss, x, {.sigma = sigma, .probes = probes, .lowest = -INFINITY});
    };
  };
  const auto noise = [&model, x, y, sigma] { return loss_of(model, x, y, sigma, Way::noise); };
  const std::vector<GradientCost> costs = gradient_costs({{"exact Laplacian", estimate(0), true},
                                                          {"Hutchinson, one probe", estimate(1)},
                                                          {"Hutchinson, four probes", estimate(4)},
                                                          {fmt::format("noise, σ {}", sigma), noise}},
                                                         model.parameters(), static_cast<int>(options.draws));
  section.table(
      {"way", "ms", "error", "off", "error of that mean", "ms to an error of 10 %"}, cost_rows(costs),
      fmt::format("{}: gradient of l + ½σ²Δl at σ = {} on {} labelled samples after {} steps, {} draws. *Error*: "
                  "root of the summed variance over the exact gradient's length; *off*: distance of the mean.",
                  data.title, sigma, x.size(0), training.steps, options.draws));
  return json_of(costs);
}

void add_runaway(Report& report, const Lab& lab, const std::vector<Comparison>& results,
                 const LaplacianCommand& options) {
  Section& section = report.section("Without the guard");
  section.text(fmt::format(
      "The Laplacian of a cross-entropy is not bounded below: a network can bend so that Δl is as negative as it likes "
      "at "
      "the labelled samples, and the sum l + ½σ²Δl falls below 0, where no loss under noise can be. At σ = {} this is "
      "what training does. The guard takes no sample below 0.",
      format_short(options.runaway_sigma)));
  std::vector<std::vector<std::string>> rows;
  for (const Comparison& result : results) {
    LinePlot plot;
    plot.title = result.title + ": the loss that is trained";
    plot.x.label = "step";
    plot.y.label = "l + ½σ²Δl";
    for (const Way way : {Way::unguarded, Way::exact, Way::noise}) {
      const ArmResult& arm = result.arm(make_arm(way, options.runaway_sigma).name);
      plot.series.push_back(course_of(arm, "loss", options.training.steps));
      int diverged = 0;
      double lowest = HUGE_VAL;
      for (const Json& line : arm.scores) diverged += line.contains("diverged_at");
      for (const double y : plot.series.back().y) lowest = std::min(lowest, y);
      rows.push_back({result.title, arm.name, percent(arm.of("test_accuracy")), format_number(lowest, 3),
                      fmt::format("{} of {}", diverged, arm.scores.size())});
    }
    section.plot(to_svg(plot), "Replicate 0. Means of each hundredth of the training.");
    lab.context.run().write_figure("runaway_" + result.data_set + ".svg", to_svg(plot));
  }
  section.table({"data", "loss", "test accuracy, %", "lowest mean loss", "became infinite"}, rows);
}

void run_laplacian(const LaplacianCommand& options, RunContext& context) {
  Lab lab(context);
  const std::vector<DataSet> sets = lab.data_sets(options.data);
  Report report = start_report(lab, "The Laplacian, trained", "few labels");
  report.lead(
      "Noise on the input adds ½σ²Δl to a loss, on average and to second order. To train with that takes third "
      "derivatives, which the document gives up on. Here networks are trained with it: exactly, by an estimate, and "
      "with "
      "its bounded part.");
  Json summary = Json::object();
  std::vector<Comparison> results;
  for (const DataSet& data : sets) {
    std::vector<Arm> arms = {{"nothing", supervised, 0}};
    for (const Way way : kCompared) {
      for (const double sigma : options.sigmas) arms.push_back(make_arm(way, sigma));
    }
    for (const Way way : {Way::unguarded, Way::exact, Way::noise}) arms.push_back(make_arm(way, options.runaway_sigma));
    const bool plane = data.name == "two-moons";
    results.push_back(compare(lab, data, arms, options.training, plane ? draw_boundary(lab, "laplacian") : Inspect()));
    const Comparison& result = results.back();
    merge_into(summary, summary_of(result));
    Section& section = report.section(fmt::format("{}: {} labels", data.title, data.labels));
    std::vector<std::string> names, drawn = {"nothing"};
    for (std::size_t i = 0; i + 3 < arms.size(); ++i) names.push_back(arms[i].name);
    add_table(section, result, names,
              "All on the labelled samples alone. Mean ± standard deviation of the replicates; differences in pairs.");
    LinePlot plot;
    plot.title = "Accuracy over σ";
    plot.x = {.label = "deviation σ of the noise that is stood for", .scale = Scale::kLog};
    plot.y.label = "test accuracy, %";
    for (const Way way : kCompared) {
      Series series{.name = name_of(way), .x = options.sigmas, .markers = true};
      for (const double sigma : options.sigmas) {
        series.y.push_back(100 * result.arm(make_arm(way, sigma).name).of("test_accuracy").mean);
      }
      plot.series.push_back(series);
    }
    plot.baselines = {{"nothing", 100 * result.arms[0].of("test_accuracy").mean}};
    section.plot(to_svg(plot), "While σ is small, all of them do the same.");
    lab.context.run().write_figure("accuracy_" + data.name + ".svg", to_svg(plot));
    if (plane) {
      const double sigma = options.sigmas.back();
      for (const Way way : {Way::noise, Way::exact, Way::fisher}) drawn.push_back(make_arm(way, sigma).name);
      add_boundaries(section, lab, "laplacian", drawn, "The borders of replicate 0.");
    }
  }
  add_runaway(report, lab, results, options);
  Section& cost = report.section("What it costs");
  summary["cost"] = add_costs(cost, lab, options);
  summary["variance"] = add_variances(cost, lab, sets.back(), options);
  finish(lab, report, summary);
}

}  // namespace

void add_laplacian(App& app) {
  app.command<LaplacianCommand>("laplacian", "training with third derivatives: what noise is on average", run_laplacian)
      .details(
          "Trains with l + ½σ²Δl, exactly and by estimates, with its bounded part, and with the noise that it stands "
          "for; shows what happens without a guard, and what each costs.")
      .examples({"--quick # see that it works", "--data-sets digits --sigmas 0.3 --runaway-sigma 2"});
}

}  // namespace gg::apps
