#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/autoencoders/ae.h"
#include "apps/autoencoders/pictures.h"
#include "apps/common/text.h"
#include "core/grad_mode.h"
#include "metrics/host.h"
#include "ops/ops.h"
#include "train/history.h"

namespace gg::apps {
namespace {

constexpr int kShown = 10;

std::vector<double> deviations(const Tensor& codes) { return metrics::host_doubles(sqrt(var(codes, {0}))); }

/// From one image to another in `steps` steps: of their codes, decoded, or of their pixels.
Tensor path(const Tensor& from, const Tensor& to_there, int steps) {
  std::vector<Tensor> points;
  for (int i = 0; i < steps; ++i) {
    const double t = static_cast<double>(i) / (steps - 1);
    points.push_back(from * (1 - t) + to_there * t);
  }
  return concat(points, 0);
}

void show_reconstructions(Section& section, const RunDir& run, Lab& lab, const AeResult& result) {
  const std::vector<std::int64_t> shown = lab.examples(kShown);
  const int columns = static_cast<int>(shown.size());
  const Tensor input = rows_of(lab.test_images, shown);
  const Tensor by_pca = lab.pca().reconstruct(input, std::min(result.code, lab.pixels()));
  const int height = static_cast<int>(input.size(2)), width = static_cast<int>(input.size(3));
  std::vector<std::string> names;
  for (const std::int64_t label : rows_of(lab.test_labels, shown).to_vector<std::int64_t>()) {
    names.push_back(lab.class_names[static_cast<std::size_t>(label)]);
  }
  const std::vector<LabelledImage> rows = {
      {"input", image_grid_png(input, columns)},
      {"code", code_cells_png(rows_of(result.codes, shown), deviations(result.codes), height, width)},
      {"output", image_grid_png(rows_of(result.reconstructions, shown), columns)},
      {"PCA", image_grid_png(by_pca, columns)}};
  run.write_figure("ae_reconstructions.png",
                   image_grid_png(concat({input, rows_of(result.reconstructions, shown), by_pca}, 0), columns));
  section.rows(
      rows,
      fmt::format("Test images, their codes of {} numbers (blue below zero, red above), what the decoder makes "
                  "of those alone, and the same from {} principal components.",
                  result.code, std::min(result.code, lab.pixels())),
      Span::kFull, names);
}

void show_interpolations(Section& section, Lab& lab, const AeResult& result) {
  NoGrad guard;
  const std::vector<std::int64_t> ends = lab.examples(std::min<std::int64_t>(lab.classes(), 10));
  if (ends.size() < 2) return;
  constexpr int kSteps = 11;
  const auto pair = [&](std::size_t i) {
    return std::pair(ends[i % ends.size()], ends[(i + ends.size() / 2) % ends.size()]);
  };
  std::vector<LabelledImage> rows;
  for (const std::size_t i : {std::size_t{0}, std::size_t{1}, std::size_t{2}}) {
    const auto [a, b] = pair(i);
    const Tensor codes = path(rows_of(result.codes, {a}), rows_of(result.codes, {b}), kSteps);
    rows.push_back(
        {"codes", image_grid_png(in_batches(codes, lab.device, [&](const Tensor& z) { return result.model.decode(z); }),
                                 kSteps)});
    if (i == 0) {
      rows.push_back(
          {"pixels",
           image_grid_png(path(rows_of(lab.test_images, {a}), rows_of(lab.test_images, {b}), kSteps), kSteps)});
    }
  }
  section.rows(rows,
               "Half-way between two images. Pixels fade one into the other, as the second row shows for the first "
               "pair; codes pass through shapes. Nothing in this training asks the space between codes to make sense, "
               "and in places it does not.");
}

}  // namespace

void add_to_report(Report& report, Lab& lab, const AeResult& result) {
  const RunDir& run = lab.context.run();
  const std::vector<Json> lines = train::read_json_lines(run.path() / "metrics.jsonl");
  const std::string pca_name = fmt::format("PCA, {} components", std::min(result.code, lab.pixels()));
  report.number(
      {.label = "Compression: test error",
       .value = result.test_sse,
       .unit = "SSE",
       .better = Better::kLower,
       .baseline_name = pca_name,
       .baseline = result.pca_sse,
       .note = fmt::format("squared error summed over {} pixels, {} numbers kept", lab.pixels(), result.code)});

  Section& section = report.section(fmt::format("Compress: {} numbers for {} pixels", result.code, lab.pixels()));
  std::string verdict = "it has not reached that bar in this run; more epochs would help.";
  if (result.test_sse < result.pca_sse) {
    verdict = fmt::format("it would need **{} components** to be as good as the network is with {} numbers.",
                          format_short(result.linear_code), result.code);
  }
  section.text(fmt::format(
      "The encoder turns an image into {} numbers, the decoder turns these into an image again; both learn together to "
      "make the squared error small. Without its curved activations this would be PCA, which is why PCA is the bar: {}",
      result.code, verdict));
  show_reconstructions(section, run, lab, result);

  LinePlot curve;
  curve.title = "Error while learning";
  curve.x.label = "epoch";
  curve.y.label = "squared error per image";
  const bool clears_the_bar = result.test_sse < result.pca_sse;
  if (clears_the_bar) curve.y.high = 2 * result.pca_sse;  // or the first steps would flatten the rest
  curve.series = {train::history(lines, "ae", "loss", "training"), train::history(lines, "ae", "test_sse", "test")};
  curve.series[1].markers = true;
  curve.baselines = {{"PCA", result.pca_sse}};
  section.plot(to_svg(curve), fmt::format("The dashed line is PCA on the test images, computed in this run.{}",
                                          clears_the_bar ? " The first steps are above the plot." : ""));
  run.write_figure("ae_curve.svg", to_svg(curve));

  BarChart by_class;
  by_class.title = "Error by kind of image";
  by_class.y.label = "squared error per image";
  by_class.horizontal = true;
  by_class.categories = lab.class_names;
  by_class.bars = {{"autoencoder", result.class_sse}, {"PCA", result.class_pca_sse}};
  section.plot(to_svg(by_class), "Images of many edges and textures cost most, for both.");

  show_interpolations(section, lab, result);
}

}  // namespace gg::apps
