// The app `autoencoders`: short codes for images, images out of noise, and new images from codes. Each command trains
// on the full set in about a minute and ends with a report; `demo` does all three in one run.
// Read next: lab.h (what they share), train/fit.h (how they learn), then ae.h, denoising.h, vae.h.
#include <fmt/format.h>

#include <cstdio>

#include "apps/autoencoders/ae.h"
#include "apps/autoencoders/denoising.h"
#include "apps/autoencoders/vae.h"
#include "apps/common/app.h"
#include "apps/common/text.h"
#include "core/device_info.h"

namespace gg::apps {
namespace {

/// A command for one of the parts, which all have options, and functions run, summary_of and add_to_report.
template <class PartOptions>
struct PartCommand {
  DataOptions data;
  PartOptions part;
  void declare(OptionSet& options) {
    data.declare(options);
    part.declare(options, "");
  }
};

struct DemoCommand {
  DataOptions data;
  AeOptions ae;
  DenoisingOptions denoising;
  VaeOptions vae;
  void declare(OptionSet& options) {
    data.declare(options);
    ae.declare(options, "ae_");
    denoising.declare(options, "denoising_");
    vae.declare(options, "vae_");
  }
};

Report start_report(const std::string& title, const Lab& lab, double seconds) {
  Report report(title, fmt::format("{} · {} training and {} test images · seed {}", lab.data_name,
                                   format_fixed(static_cast<double>(lab.train_images.size(0)), 0),
                                   format_fixed(static_cast<double>(lab.test_images.size(0)), 0), lab.seed()));
  report.fact("training", format_duration(seconds));
  report.fact("device", to_string(lab.device) + ": " + describe(lab.device));
  return report;
}

/// Writes the report and, last, the summary; says where they are.
void finish(RunContext& context, Report& report, const Json& summary) {
  report.config(context.config());
  report.command(context.repeat_command());
  const std::string page = context.run().write_report(report.html()).string();
  const std::string numbers = context.run().write_summary(summary).string();
  const auto line = [&](const char* name, const char* ours, const char* theirs, const char* unit) {
    if (!summary.contains(ours)) return;
    std::printf("  %-28s %8s %s   (linear: %s)\n", name, format_number(summary[ours].get<double>()).c_str(), unit,
                format_number(summary[theirs].get<double>()).c_str());
  };
  std::printf("\n");
  line("autoencoder, test error", "ae_test_sse", "pca_test_sse", "SSE ");
  line("denoising", "denoise_psnr", "denoise_psnr_pca", "dB  ");
  line("VAE, ELBO", "vae_elbo", "vae_elbo_probabilistic_pca", "nats");
  std::printf("\nReport:  %s\nNumbers: %s\n", page.c_str(), numbers.c_str());
}

template <class PartOptions>
auto run_part_command(const char* title) {
  return [title](const PartCommand<PartOptions>& options, RunContext& context) {
    Lab lab(context, options.data);
    const auto result = run(lab, options.part);
    Report report = start_report(title, lab, result.seconds);
    add_to_report(report, lab, result);
    Json summary = summary_of(result);
    summary["seconds"] = result.seconds;
    finish(context, report, summary);
  };
}

void run_demo_command(const DemoCommand& options, RunContext& context) {
  Lab lab(context, options.data);
  const AeResult ae = run(lab, options.ae);
  const DenoisingResult denoising = run(lab, options.denoising);
  const VaeResult vae = run(lab, options.vae);
  const double seconds = ae.seconds + denoising.seconds + vae.seconds;
  Report report = start_report("Three autoencoders", lab, seconds);
  report.lead(
      "An autoencoder squeezes an image through a few numbers and rebuilds it from them. This page shows three: one "
      "that **compresses**, one that **cleans**, and one that **invents**. Each stands beside the best that a linear "
      "method does with the same means. All images shown are test images, which no model was trained on.");
  add_to_report(report, lab, ae);
  add_to_report(report, lab, denoising);
  add_to_report(report, lab, vae);
  Json summary = Json::object();
  merge_into(summary, summary_of(ae));
  merge_into(summary, summary_of(denoising));
  merge_into(summary, summary_of(vae));
  summary["seconds"] = seconds;
  finish(context, report, summary);
}

}  // namespace

int run_program(int argc, char** argv) {
  App app("autoencoders", "short codes for images, images out of noise, and new images from codes");
  app.command<PartCommand<AeOptions>>("ae", "images through a short code and back",
                                      run_part_command<AeOptions>("Autoencoder"))
      .details(
          "Trains an encoder and a decoder with a narrow waist between them, and shows what comes out beside the "
          "reconstructions of PCA with as many numbers.")
      .examples({"--quick # see that it works", "--code 8 # a narrower waist",
                 "--network conv --hidden 16,32 # convolutions"});
  app.command<PartCommand<DenoisingOptions>>("denoising", "images out of noise",
                                             run_part_command<DenoisingOptions>("Denoising autoencoder"))
      .details(
          "Trains an autoencoder that sees noisy images and is compared with the clean ones, and measures it against "
          "the best linear denoiser.")
      .examples({"--quick", "--noise 0.3"});
  app.command<PartCommand<VaeOptions>>("vae", "new images from random codes",
                                       run_part_command<VaeOptions>("Variational autoencoder"))
      .details(
          "Trains a variational autoencoder, draws new images from it, and lets a small classifier judge them beside "
          "real ones and a linear model's.")
      .examples({"--quick", "--sigma 0.2 --code 10"});
  app.command<DemoCommand>("demo", "all three in one run, with one report", run_demo_command)
      .details("Minutes on two cores. Options of the three parts have their names in front.")
      .examples({"--quick # see that it works", "--ae-code 16 --vae-epochs 20"});
  return run_app(argc, argv, app);
}

}  // namespace gg::apps

int main(int argc, char** argv) { return gg::apps::run_program(argc, argv); }
