#include <fmt/format.h>

#include <algorithm>

#include "apps/autoencoders/denoising.h"
#include "apps/autoencoders/pictures.h"
#include "apps/common/text.h"
#include "metrics/image.h"
#include "train/history.h"

namespace gg::apps {

void add_to_report(Report& report, Lab& lab, const DenoisingResult& result) {
  const RunDir& run = lab.context.run();
  const std::vector<Json> lines = train::read_json_lines(run.path() / "metrics.jsonl");
  report.number({.label = "Denoising: test images",
                 .value = result.psnr,
                 .unit = "dB",
                 .better = Better::kHigher,
                 .baseline_name = fmt::format("linear, {} components", result.pca.k()),
                 .baseline = result.pca_psnr,
                 .absolute = true,
                 .note = fmt::format("peak signal-to-noise ratio; the noisy images have {} dB",
                                     format_number(result.noisy_psnr, 3))});

  Section& section = report.section("Clean: images out of noise");
  section.text(fmt::format(
      "Each pixel gets normal noise of deviation {} and is clipped to [0, 1]. The network sees the noisy image only, "
      "and "
      "is compared with the clean one. The noise is drawn anew in each epoch, so there is nothing to learn by heart; "
      "the test images have noise of their own from a fixed seed.",
      format_short(result.noise)));
  const std::vector<std::int64_t> shown = lab.examples(10);
  const int columns = static_cast<int>(shown.size());
  const auto row = [&](const char* label, const Tensor& images) {
    return LabelledImage{label, image_grid_png(rows_of(images, shown), columns)};
  };
  section.rows(
      {row("noisy", result.noisy), row("network", result.denoised), row("linear", result.pca_denoised),
       row("clean", lab.test_images)},
      fmt::format("*linear*: the best linear map through {} principal components of the noisy images to the "
                  "clean ones, fitted to the same training images with the same noise; the number of "
                  "components was chosen on images left out. PCA alone, without that map, keeps the brightness "
                  "that clipped noise adds: {} dB at best.",
                  result.pca.k(), format_number(result.plain_pca_psnr, 3)));
  run.write_figure("denoising.png", row("", result.denoised).png);

  LinePlot curve;
  curve.title = "Quality while learning";
  curve.x.label = "epoch";
  curve.y.label = "PSNR of test images, dB";
  curve.series = {train::history(lines, "denoising", "test_psnr", "network")};
  curve.series[0].markers = true;
  curve.baselines = {{"linear", result.pca_psnr}, {"noisy", result.noisy_psnr}};
  section.plot(to_svg(curve), "After each pass over the training images.");
  run.write_figure("denoising_curve.svg", to_svg(curve));

  LinePlot other;
  other.title = "Noise it was not trained on";
  other.x.label = "deviation of the noise";
  other.y.label = "PSNR, dB";
  other.series = {{.name = "network", .x = result.other_noise, .y = result.other_psnr, .markers = true},
                  {.name = "linear", .x = result.other_noise, .y = result.other_pca_psnr, .markers = true},
                  {.name = "noisy", .x = result.other_noise, .y = result.other_noisy_psnr, .dashed = true}};
  section.plot(
      to_svg(other),
      fmt::format("Trained at {} only. With little noise the best is to leave an image as it is, and a network "
                  "with a narrow waist cannot.",
                  format_short(result.noise)));

  LinePlot components;
  components.title = "How strong is the linear bar?";
  components.width = 1060;
  components.height = 260;
  components.x = {.label = "principal components", .scale = Scale::kLog};
  components.y.label = "PSNR of images left out, dB";
  Series tried{.name = "linear", .markers = true};
  for (std::size_t i = 0; i < result.pca.tried().size(); ++i) {
    tried.x.push_back(static_cast<double>(result.pca.tried()[i]));
    tried.y.push_back(metrics::psnr_from_mse(result.pca.tried_mse()[i]));
  }
  components.series = {tried};
  section.plot(to_svg(components), fmt::format("The bar above takes the best of these, {}.", result.pca.k()),
               Span::kFull);
}

}  // namespace gg::apps
