#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "apps/autoencoders/pictures.h"
#include "apps/autoencoders/vae.h"
#include "apps/common/text.h"
#include "metrics/host.h"
#include "ops/ops.h"
#include "train/history.h"

namespace gg::apps {
namespace {

/// The point below which a standard normal number falls with probability p, by bisection.
double normal_quantile(double p) {
  double low = -6, high = 6;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (0.5 * std::erfc(-middle / std::sqrt(2.0)) < p ? low : high) = middle;
  }
  return low;
}

void show_samples(Section& section, const RunDir& run, Lab& lab, const VaeResult& result) {
  const std::vector<std::int64_t> shown = lab.examples(64);
  const std::string samples = image_grid_png(result.samples, 8),
                    real = image_grid_png(rows_of(lab.test_images, shown), 8);
  section.image(samples, "**Drawn by the model**: 64 random codes, decoded. None was picked by hand.", Span::kHalf,
                "A grid of 64 generated images");
  section.image(real, "**Real** test images.", Span::kHalf, "A grid of 64 real images");
  run.write_figure("vae_samples.png", samples);
  section.note(
      "**The samples are blurred**, and longer training would not cure it. The decoder gives the *mean* of a normal "
      "distribution for each pixel, and where several sharp images fit one code (prints, seams, straps), the mean of "
      "them is a soft one. The pixel noise that the model also has would only add grain, so it is left out here. "
      "Some samples lie between two kinds of clothes, because the codes of real images do not fill the normal "
      "distribution that samples are drawn from.");
}

void show_judgement(Section& section, Lab& lab, const VaeResult& result) {
  section.text(fmt::format(
      "A small classifier, trained on the real training images ({} of the real test images right), says what it sees. "
      "It "
      "was never shown a generated image; alone it is easily fooled, so its opinion stands beside that of real images "
      "and of a linear model's samples.",
      format_number(100 * result.classifier_accuracy, 3) + " %"));
  const auto row = [&](const std::string& name, const metrics::ClassifierScore& s) {
    return std::vector<std::string>{
        name, format_fixed(100 * s.confidence, 1) + " %", format_number(s.inception_score, 3),
        format_fixed(100 * *std::min_element(s.histogram.begin(), s.histogram.end()), 1) + " %"};
  };
  section.table(
      {"images", "mean confidence", "classifier score", "rarest class"},
      {row("real test images", result.real_score), row("**VAE samples**", result.sample_score),
       row(fmt::format("samples of a normal distribution over {} principal components", result.model.options.code),
           result.pca_score)},
      fmt::format("The classifier score is exp of the mean divergence between one image's classes and all "
                  "images' classes: from 1 (it cannot tell, or all are one kind) to {} (sure, and all kinds "
                  "equally often).",
                  lab.classes()));
  BarChart classes;
  classes.title = "What the classifier takes them for";
  classes.y.label = "share of images";
  classes.horizontal = true;
  classes.categories = lab.class_names;
  classes.bars = {{"VAE samples", result.sample_score.histogram},
                  {"real", result.real_score.histogram},
                  {"PCA samples", result.pca_score.histogram}};
  classes.height = 420;
  section.plot(to_svg(classes), "Real test images come equally often; a good model would, too.");
  section.image(image_grid_png(result.pca_samples, 8, 2),
                "For comparison: samples of a normal distribution over as many principal components.", Span::kHalf);
}

void show_code(Section& section, const VaeResult& result) {
  std::vector<double> sorted = result.kl_per_dimension;
  std::sort(sorted.rbegin(), sorted.rend());
  BarChart bars;
  bars.title = "What each number of the code carries";
  bars.x.label = "number of the code, by size";
  bars.y.label = "KL divergence, nats";
  for (std::size_t i = 0; i < sorted.size(); ++i) bars.categories.push_back(str(i + 1));
  bars.bars = {{"", sorted}};
  section.plot(to_svg(bars),
               fmt::format("{} of {} numbers are in use (their mean varies by more than 0.01 over the test images). "
                           "Together they carry {} nats per image.",
                           result.active_units, result.kl_per_dimension.size(), format_number(result.elbo.kl, 3)));
}

void show_plane(Section& section, const RunDir& run, Lab& lab, const VaeResult& result) {
  constexpr int kSide = 15;
  std::vector<float> codes;
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      codes.push_back(static_cast<float>(normal_quantile((x + 0.5) / kSide)));
      codes.push_back(static_cast<float>(normal_quantile(1 - (y + 0.5) / kSide)));
    }
  }
  const Tensor grid = in_batches(from_vector(codes, {kSide * kSide, 2}), lab.device,
                                 [&](const Tensor& z) { return result.plane.decode(z); });
  const std::string manifold = image_grid_png(grid, kSide, 2);
  run.write_figure("vae_manifold.png", manifold);
  section.text(
      "A second model has a code of **two numbers** only, so that all it knows fits on a page: at left each image is "
      "decoded from its place, at right each test image is a point at the mean of its code.");
  section.image(manifold, "Codes on a grid that holds equal shares of the normal distribution in each cell.");
  ScatterPlot scatter;
  scatter.title = "Test images in the same plane";
  const std::vector<float> mu = result.plane_mu.to_vector<float>();
  for (std::size_t i = 0; i < mu.size(); i += 2) {
    scatter.xs.push_back(mu[i]);
    scatter.ys.push_back(mu[i + 1]);
  }
  for (const std::int64_t label : lab.test_labels.to_vector<std::int64_t>())
    scatter.classes.push_back(static_cast<int>(label));
  scatter.class_names = lab.class_names;
  scatter.height = 480;
  scatter.max_points = 3000;
  section.plot(to_svg(scatter), "Colours are the kinds of clothes, which the model was never told.");
}

void show_interpolations(Section& section, Lab& lab, const VaeResult& result) {
  const std::vector<std::int64_t> ends = lab.examples(std::min<std::int64_t>(lab.classes(), 10));
  if (ends.size() < 2) return;
  constexpr int kSteps = 11;
  std::vector<LabelledImage> rows;
  for (std::size_t i = 0; i < 3; ++i) {
    const Tensor a = rows_of(result.mu, {ends[i % ends.size()]});
    const Tensor b = rows_of(result.mu, {ends[(i + ends.size() / 2) % ends.size()]});
    std::vector<Tensor> codes;
    for (int k = 0; k < kSteps; ++k) codes.push_back(a * (1 - k / (kSteps - 1.0)) + b * (k / (kSteps - 1.0)));
    rows.push_back(
        {i == 0 ? "between" : "", image_grid_png(in_batches(concat(codes, 0), lab.device,
                                                            [&](const Tensor& z) { return result.model.decode(z); }),
                                                 kSteps)});
  }
  section.rows(rows,
               "From one test image to another through the code. The KL term pulled all codes towards one another, "
               "which leaves few empty places on the way.");
}

}  // namespace

void add_to_report(Report& report, Lab& lab, const VaeResult& result) {
  const RunDir& run = lab.context.run();
  const std::vector<Json> lines = train::read_json_lines(run.path() / "metrics.jsonl");
  report.number({.label = "Generation: ELBO",
                 .value = result.elbo.value(),
                 .unit = "nats",
                 .better = Better::kHigher,
                 .baseline_name = fmt::format("linear, code of {}", result.model.options.code),
                 .baseline = result.linear_log_likelihood,
                 .absolute = true,
                 .note = "per test image: a lower bound on its log density, compared with the exact log density of "
                         "probabilistic PCA"});
  report.number(
      {.label = "Generation: classifier's confidence",
       .value = 100 * result.sample_score.confidence,
       .unit = "%",
       .better = Better::kHigher,
       .baseline_name = "PCA samples",
       .baseline = 100 * result.pca_score.confidence,
       .absolute = true,
       .note = fmt::format("on samples; on real images {} %", format_number(100 * result.real_score.confidence, 3))});

  Section& section = report.section("Invent: new images from random codes");
  section.text(fmt::format(
      "A variational autoencoder encodes each image as a small cloud of codes and pays, by a KL divergence, for each "
      "nat "
      "by which the cloud differs from a standard normal one. After training the encoder can be thrown away: random "
      "normal numbers, {} of them, make new images.",
      result.model.options.code));
  show_samples(section, run, lab, result);
  show_judgement(section, lab, result);
  show_plane(section, run, lab, result);
  show_interpolations(section, lab, result);

  LinePlot curve;
  curve.title = "Bound on the log density while learning";
  curve.x.label = "epoch";
  curve.y.label = "ELBO of test images, nats";
  curve.series = {train::history(lines, "vae", "test_elbo", fmt::format("code of {}", result.model.options.code)),
                  train::history(lines, "vae_plane", "test_elbo", "code of 2")};
  for (Series& series : curve.series) series.markers = true;
  curve.baselines = {{"linear", result.linear_log_likelihood}};
  section.plot(
      to_svg(curve),
      fmt::format("Likelihood: {}. Densities may exceed 1, so their logarithms may be positive.", result.likelihood));
  show_code(section, result);
}

}  // namespace gg::apps
