#include <fmt/format.h>

#include <cmath>

#include "apps/common/text.h"
#include "apps/weight_rms/curves.h"
#include "apps/weight_rms/train.h"

namespace gg::apps {
namespace {

std::string with_error(const TensorRms& t, const optim::weight_rms::Trajectory& estimate) {
  const double error = 100 * t.error_of(estimate);
  return fmt::format("{} ({}{} %)", format_number(estimate.back(), 3), error < 0 ? "−" : "+",
                     format_fixed(std::abs(error), 0));
}

std::string curves_of(const TensorRms& t) {
  LinePlot plot;
  plot.title = fmt::format("{}: {} numbers", t.name, format_fixed(static_cast<double>(t.numbers), 0));
  plot.x.label = "step";
  plot.y = {.label = "RMS", .low = 0};
  plot.series = {{.name = "measured", .x = t.steps, .y = t.measured},
                 thinned("mean", t.with_mean_by_number),
                 thinned("mean of g/√v", t.with_mean_divided),
                 thinned("mean 0", t.no_mean)};
  for (std::size_t i = 1; i < plot.series.size(); ++i) plot.series[i].dashed = true;
  return to_svg(plot);
}

/// Root mean square of the relative errors of weights (not biases), each tensor counting alike.
double error_of_weights(const TrainResult& result, optim::weight_rms::Trajectory TensorRms::*estimate) {
  double squares = 0;
  int count = 0;
  for (const TrainedNetwork& n : result.networks) {
    for (const TensorRms& t : n.tensors) {
      if (!t.is_weight()) continue;
      squares += std::pow(t.error_of(t.*estimate), 2);
      ++count;
    }
  }
  return count > 0 ? std::sqrt(squares / count) : 0;
}

void add_network(Report& report, RunContext& context, const TrainedNetwork& n, double update) {
  Section& section = report.section(n.name == "mlp" ? "A network of linear layers" : "A convolutional network");
  section.text(fmt::format("Test error {} %, κ = {}, {} of training.", format_number(100 * n.test_error, 3),
                           format_number(n.kappa, 3), format_duration(n.seconds)));
  std::vector<std::vector<std::string>> rows;
  for (const TensorRms& t : n.tensors) {
    rows.push_back({t.name, format_fixed(static_cast<double>(t.numbers), 0), format_number(t.measured.front(), 3),
                    format_number(t.end(), 3), with_error(t, t.no_mean), with_error(t, t.with_mean_by_number),
                    with_error(t, t.with_mean_divided), format_number(t.mean_to_noise_by_number, 2),
                    format_number(t.update.back(), 3), format_fixed(100 * t.live, 0) + " %"});
  }
  section.table(
      {"tensor", "numbers", "start", "end", "mean 0", "mean", "mean of g/√v", "r", "update RMS", "live"}, rows,
      fmt::format("RMS of weights, and how far estimates lie from it. *r*: ‖μ‖²/‖σ‖² of the gradients, number "
                  "by number. *mean of g/√v*: of gradients divided by the root of Adam's v at their step. *update "
                  "RMS*: of Adam's u in the last record; the theory of mean 0 says {}. "
                  "*live*: numbers that had a gradient at all.",
                  format_number(update, 3)));
  for (const TensorRms& t : n.tensors) {
    if (!t.is_weight()) continue;
    const std::string svg = curves_of(t);
    section.plot(svg, fmt::format("{}: estimated {} at the end with the mean of g/√v; with mean 0, {}.", t.name,
                                  with_error(t, t.with_mean_divided), with_error(t, t.no_mean)));
    context.run().write_figure(n.name + "_" + t.name + ".svg", svg);
  }
}

}  // namespace

void add_to_report(Report& report, RunContext& context, const TrainCommand& options, const TrainResult& result) {
  report.lead(
      "The theory takes gradients for noise around a constant mean. This page takes **real networks** and says, layer "
      "by "
      "layer, how far that carries.");
  report.number({.label = "Error of the estimate with measured means",
                 .value = 100 * error_of_weights(result, &TensorRms::with_mean_divided),
                 .unit = "%",
                 .better = Better::kLower,
                 .baseline_name = "taking means for 0",
                 .baseline = 100 * error_of_weights(result, &TensorRms::no_mean),
                 .absolute = true,
                 .note = "with the mean of g/√v; root mean square over all weight tensors, biases left out"});
  const double update = optim::weight_rms::update_rms({.beta1 = options.plan.beta1});
  for (const TrainedNetwork& n : result.networks) add_network(report, context, n, update);
  if (!result.warnings.empty()) {
    Section& careful = report.section("To be careful with");
    for (const std::string& warning : result.warnings) careful.note(warning);
  }

  Section& why = report.section("Where the assumptions hold, and where they fail");
  why.text(
      "**Real gradients have a mean.** r, the squared mean over the variance, is a few thousandths: the gradient of "
      "one "
      "batch is nearly all noise. But noise adds up as the root of the number of steps and a mean as the number "
      "itself, "
      "so over a thousand steps the mean makes most of the weight. With mean 0 the estimate is far too low here; "
      "with the measured mean it is within some per cent for most tensors. The measurement comes from the same "
      "training, so this explains the RMS rather than foretelling it; r of an early part, or of a smaller model, is "
      "what one would have in practice.");
  why.bullets(
      {"**Numbers differ.** Adam divides each number by its own size, so its mean counts against its own noise: r is "
       "that ratio, averaged. The ratio of norms, as the formula has it (in summary.json: with_mean), is led by a few "
       "numbers with large gradients.",
       "**Gradients change their size.** Adam divides a gradient by its size at that time, while a mean over the "
       "training is led by the large ones and misses what smaller ones keep pushing at: in output layers and the first "
       "convolution the estimate from plain means is much too low. The *mean of g/√v* takes each gradient as the "
       "update "
       "has it.",
       "**Means drift.** A layer's mean gradient is large in the first steps and turns later; the formula has one mean "
       "for all steps. Layers grow faster than estimated at first; what they gain then is forgotten while they train "
       "on, and they end somewhat below the estimate from the mean of g/√v.",
       "**Few numbers.** The RMS of a bias of ten numbers is no average over anything; its estimate is off by tens of "
       "per "
       "cent either way.",
       fmt::format(
           "**Updates are smaller than {}.** Gradients shrink while the network learns, v remembers the larger "
           "ones of before, and sparse gradients have heavy tails; all three make u smaller. Numbers without any "
           "gradient (weights of pixels that are always black, units that are never on) have u = 0 and only decay.",
           format_number(update, 3)),
       "**Start and updates are not independent.** The gradient pulls weights in directions that depend on where they "
       "are, while the formula drops the product of start and updates."});
}

}  // namespace gg::apps
