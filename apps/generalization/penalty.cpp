// `generalization penalty`: training with a gradient penalty in place of the noise that it stands for (rows A11-A13,
// A15 of the story): exact, by one random projection, and by the noise itself, for KL and for squared distances; and
// what their gradients cost and how much they vary.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/common/plots.h"
#include "apps/common/text.h"
#include "apps/generalization/commands.h"
#include "apps/generalization/cost.h"
#include "apps/generalization/methods.h"
#include "apps/generalization/pictures.h"
#include "autograd/functional/functional.h"
#include "core/grad_mode.h"
#include "losses/losses.h"
#include "ops/ops.h"

namespace gg::apps {
namespace {

using losses::Form;

struct PenaltyCommand {
  DataOptions data{.data_sets = {"two-moons", "digits"}};
  TrainingOptions training{.steps = 1000, .activation = "silu"};
  std::vector<double> sigmas = {0.05, 0.1, 0.2, 0.4, 0.8};
  std::vector<double> mse_sigmas = {0.02, 0.05, 0.1};
  std::int64_t draws = 200;
  void declare(OptionSet& options) {
    data.declare(options);
    training.declare(options);
    options.group("Penalty");
    options.add("sigmas", sigmas, "deviations of the noise that the KL penalty stands for")
        .range(0, 10)
        .not_empty()
        .quick({0.1, 0.2});
    options.add("mse_sigmas", mse_sigmas, "the same for squared distances of logits")
        .range(0, 10)
        .not_empty()
        .quick({0.02, 0.05});
    options.add("draws", draws, "gradients behind each variance").range(2, 100000).quick(20);
  }
};

/// ½σ²Σ λ_i‖∇f_i‖² of a batch, or what it stands for.
enum class Way { noise, exact, projection };
constexpr Way kWays[] = {Way::noise, Way::exact, Way::projection};
const char* name_of(Way way) {
  return way == Way::noise ? "noise" : way == Way::exact ? "exact penalty" : "one projection";
}

Tensor regulariser(const models::Classifier& model, const Tensor& x, double sigma, Form form, Way way) {
  if (way != Way::noise) {
    return losses::output_gradient_penalty([&](const Tensor& at) { return model(at); }, x,
                                           {.sigma = sigma, .form = form, .probes = way == Way::exact ? 0 : 1});
  }
  // Both arguments learn: the penalty is the average of this, and not of the form with a fixed target.
  const Tensor clean = model(x), noisy = model(losses::additive_noise(x, {.std = sigma}));
  return form == Form::kl ? mean(losses::kl_from_logits(clean, noisy)) : mean(sum(square(noisy - clean), {1}));
}

std::string arm_name(Form form, Way way, double sigma) {
  return fmt::format("{}, {}, σ {}", form == Form::kl ? "KL" : "squared", name_of(way), sigma);
}

Arm make_arm(Form form, Way way, double sigma) {
  return {arm_name(form, way, sigma),
          [=](const Step& s) { return supervised(s) + regulariser(s.model, s.unlabelled(), sigma, form, way); }, sigma};
}

/// The mean of tr F over up to 500 test samples.
double mean_trace(const Lab& lab, const models::Classifier& model, const Split& split) {
  NoGrad guard;
  const Tensor x = to(slice(split.x_test, 0, 0, std::min<std::int64_t>(500, split.x_test.size(0))), lab.device);
  return mean(fisher_trace([&](const Tensor& at) { return model(at); }, x).trace).item();
}

void add_form(Section& section, const Lab& lab, const Comparison& result, Form form,
              const std::vector<double>& sigmas) {
  const std::string title = form == Form::kl ? "KL" : "squared";
  std::vector<std::vector<std::string>> rows;
  LinePlot accuracy, trace;
  accuracy.title = form == Form::kl ? "KL: accuracy" : "Squared distance of logits: accuracy";
  trace.title = form == Form::kl ? "KL: what is left of tr F" : "Squared distance of logits: what is left of tr F";
  accuracy.y.label = "test accuracy, %";
  trace.y = {.label = "tr F, mean of test samples", .scale = Scale::kLog};
  for (LinePlot* plot : {&accuracy, &trace}) plot->x = {.label = "deviation σ", .scale = Scale::kLog};
  for (const Way way : kWays) {
    Series points_of{.name = name_of(way), .x = sigmas, .markers = true}, left = points_of;
    for (const double sigma : sigmas) {
      const ArmResult& arm = result.arm(arm_name(form, way, sigma));
      points_of.y.push_back(100 * arm.of("test_accuracy").mean);
      left.y.push_back(arm.of("trace").mean);
    }
    accuracy.series.push_back(points_of);
    trace.series.push_back(left);
  }
  const ArmResult& none = result.arms[0];
  accuracy.baselines = {{"none", 100 * none.of("test_accuracy").mean}};
  trace.baselines = {{"none", none.of("trace").mean}};
  for (const double sigma : sigmas) {
    std::vector<std::string> row = {format_short(sigma)};
    for (const Way way : kWays) row.push_back(percent(result.arm(arm_name(form, way, sigma)).of("test_accuracy")));
    const ArmResult& noise = result.arm(arm_name(form, Way::noise, sigma));
    const ArmResult& exact = result.arm(arm_name(form, Way::exact, sigma));
    const ArmResult& projected = result.arm(arm_name(form, Way::projection, sigma));
    row.push_back(points(paired(noise.values("test_accuracy"), exact.values("test_accuracy"))));
    row.push_back(points(paired(exact.values("test_accuracy"), projected.values("test_accuracy"))));
    for (const ArmResult* arm : {&noise, &exact, &projected}) {
      row.push_back(format_number(arm->of("trace").mean, 3));
    }
    rows.push_back(row);
  }
  section.table({title + ", σ", "noise, %", "exact, %", "projection, %", "exact − noise", "projection − exact",
                 "tr F: noise", "exact", "projection"},
                rows,
                fmt::format("Without any: accuracy {} %, tr F {}.", percent(none.of("test_accuracy")),
                            format_number(none.of("trace").mean, 3)));
  section.plot(to_svg(accuracy), "Where the curves lie together, the penalty is what the noise does.");
  section.plot(to_svg(trace), "tr F is what the penalty makes small, on samples that it did not see.");
  const std::string file = result.data_set + "_" + title;
  lab.context.run().write_figure("accuracy_" + file + ".svg", to_svg(accuracy));
  lab.context.run().write_figure("trace_" + file + ".svg", to_svg(trace));
}

/// Variance of the gradient and its cost for each way, at a network that has learned a little.
Json equal_time(Report& report, Lab& lab, const DataSet& data, const PenaltyCommand& options) {
  const double sigma = options.sigmas[options.sigmas.size() / 2];
  const Split split = make_split(data, lab.seed_for(kSplit));
  TrainingOptions training = options.training;
  training.steps = std::min<std::int64_t>(training.steps, 300);
  const models::Classifier model = make_network(lab, data, training, 0);
  train_network(lab, model, split, training, supervised, 0);
  const Tensor x = to(
      slice(split.unlabelled, 0, 0, std::min(options.training.unlabelled_batch, split.unlabelled.size(0))), lab.device);
  const auto loss_of = [&](double s, Way way) {
    return [&model, x, s, way] { return regulariser(model, x, s, Form::kl, way); };
  };
  const auto several = [&](std::int64_t probes) {
    return [&model, x, sigma, probes] {
      return losses::output_gradient_penalty([&](const Tensor& at) { return model(at); }, x,
                                             {.sigma = sigma, .form = Form::kl, .probes = probes});
    };
  };
  const std::vector<Estimator> estimators = {{"exact penalty", loss_of(sigma, Way::exact), true},
                                             {"one projection", several(1)},
                                             {"four projections", several(4)},
                                             {fmt::format("noise, σ {}", sigma), loss_of(sigma, Way::noise)},
                                             {fmt::format("noise, σ {}, by its share of σ²", sigma / 4),
                                              [&, small = loss_of(sigma / 4, Way::noise)] { return small() * 16.0; }}};
  const std::vector<GradientCost> costs =
      gradient_costs(estimators, model.parameters(), static_cast<int>(options.draws));
  Section& section = report.section("Variance at equal time");
  section.text(fmt::format(
      "{}, a network after {} steps, one batch of {} samples: the gradient of ½σ² tr F at σ = {} by each way, {} "
      "times. "
      "*Error* is the root of the summed variance of all parameters over the length of the exact gradient; *off* is "
      "the "
      "distance of the mean from it, of which a part is the error of the mean itself. The last column is what counts: "
      "an estimate that is averaged until its error is 10 % costs that much time.",
      data.title, training.steps, x.size(0), sigma, options.draws));
  section.table({"way", "ms", "error", "off", "error of that mean", "ms to an error of 10 %"}, cost_rows(costs),
                "CPU time of one gradient with respect to all parameters, middle of many, taken in turn.");
  return json_of(costs);
}

void run_penalty(const PenaltyCommand& options, RunContext& context) {
  Lab lab(context);
  const std::vector<DataSet> sets = lab.data_sets(options.data);
  Report report = start_report(lab, "Gradient penalties", "few labels, the penalty on unlabelled samples");
  report.lead(
      "Averaged over small noise, the label-free term l(f(x+ε), f(x)) is a penalty on gradients of the outputs: "
      "½σ²Σ λ_i‖∇f_i‖². Here networks learn with the noise, with the penalty, and with an estimate of it that costs "
      "one "
      "backward pass in place of one per class, from the same weights and on the same batches.");
  Json summary = Json::object();
  for (const DataSet& data : sets) {
    std::vector<Arm> arms = {{"no penalty", supervised, 0}};
    for (const Form form : {Form::kl, Form::mse}) {
      for (const double sigma : form == Form::kl ? options.sigmas : options.mse_sigmas) {
        for (const Way way : kWays) arms.push_back(make_arm(form, way, sigma));
      }
    }
    const Inspect draw = data.name == "two-moons" ? draw_boundary(lab, "penalty") : Inspect();
    const Comparison result =
        compare(lab, data, arms, options.training,
                [&](const Arm& arm, std::int64_t replicate, const models::Classifier& model, const Split& split) {
                  if (draw) draw(arm, replicate, model, split);
                  return Json{{"trace", mean_trace(lab, model, split)}};
                });
    Section& section = report.section(fmt::format("{}: {} labels", data.title, data.labels));
    section.text(
        "Test accuracy, mean ± standard deviation of the replicates; differences in pairs with their standard "
        "error; and the mean of tr F over test samples.");
    add_form(section, lab, result, Form::kl, options.sigmas);
    add_form(section, lab, result, Form::mse, options.mse_sigmas);
    if (draw) {
      const double middle = options.sigmas[options.sigmas.size() / 2];
      std::vector<std::string> drawn = {"no penalty"};
      for (const Way way : kWays) drawn.push_back(arm_name(Form::kl, way, middle));
      add_boundaries(section, lab, "penalty", drawn, "The borders of replicate 0.");
    }
    merge_into(summary, summary_of(result));
    Json traces = Json::object();
    for (const ArmResult& arm : result.arms) traces[arm.name] = arm.of("trace").mean;
    summary[data.name + "_trace"] = traces;
  }
  summary["equal_time"] = equal_time(report, lab, sets.back(), options);
  finish(lab, report, summary);
}

}  // namespace

void add_penalty(App& app) {
  app.command<PenaltyCommand>("penalty", "a gradient penalty in place of the noise it stands for", run_penalty)
      .details(
          "Trains with the label-free noise term, with the gradient penalty that it is on average, and with one random "
          "projection of that penalty; compares accuracies, what is left of the penalty, and variance at equal time.")
      .examples({"--quick # see that it works", "--data-sets fashion-mnist --sigmas 0.1"});
}

}  // namespace gg::apps
