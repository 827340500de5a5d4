// The app `autoencoders`: short codes for images, images out of noise, and new images from codes. Each command trains
// on the full set in about a minute and ends with a report; `demo` does all three in one run.
// Read next: lab.h (what they share), training.h (the loop), then ae.h, denoising.h, vae.h.
#include <fmt/format.h>

#include <cstdio>

#include "apps/autoencoders/ae.h"
#include "apps/autoencoders/denoising.h"
#include "apps/autoencoders/vae.h"
#include "apps/common/app.h"
#include "apps/common/text.h"

namespace gg::apps {
namespace {

struct AeCommand {
  DataOptions data;
  AeOptions ae;
  void declare(OptionSet& options) {
    data.declare(options);
    ae.declare(options, "");
  }
};

struct DenoisingCommand {
  DataOptions data;
  DenoisingOptions denoising;
  void declare(OptionSet& options) {
    data.declare(options);
    denoising.declare(options, "");
  }
};

struct VaeCommand {
  DataOptions data;
  VaeOptions vae;
  void declare(OptionSet& options) {
    data.declare(options);
    vae.declare(options, "");
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
  report.fact("device", to_string(lab.device));
  return report;
}

void merge_into(Json& summary, const Json& more) {
  for (const auto& [key, value] : more.items()) summary[key] = value;
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

void run_ae_command(const AeCommand& options, RunContext& context) {
  Lab lab(context, options.data);
  const AeResult result = run_ae(lab, options.ae);
  Report report = start_report("Autoencoder", lab, result.seconds);
  report_ae(report, lab, result);
  Json summary = ae_summary(result);
  summary["seconds"] = result.seconds;
  finish(context, report, summary);
}

void run_denoising_command(const DenoisingCommand& options, RunContext& context) {
  Lab lab(context, options.data);
  const DenoisingResult result = run_denoising(lab, options.denoising);
  Report report = start_report("Denoising autoencoder", lab, result.seconds);
  report_denoising(report, lab, result);
  Json summary = denoising_summary(result);
  summary["seconds"] = result.seconds;
  finish(context, report, summary);
}

void run_vae_command(const VaeCommand& options, RunContext& context) {
  Lab lab(context, options.data);
  const VaeResult result = run_vae(lab, options.vae);
  Report report = start_report("Variational autoencoder", lab, result.seconds);
  report_vae(report, lab, result);
  Json summary = vae_summary(result);
  summary["seconds"] = result.seconds;
  finish(context, report, summary);
}

void run_demo_command(const DemoCommand& options, RunContext& context) {
  Lab lab(context, options.data);
  const AeResult ae = run_ae(lab, options.ae);
  const DenoisingResult denoising = run_denoising(lab, options.denoising);
  const VaeResult vae = run_vae(lab, options.vae);
  const double seconds = ae.seconds + denoising.seconds + vae.seconds;
  Report report = start_report("Three autoencoders", lab, seconds);
  report.lead(
      "An autoencoder squeezes an image through a few numbers and rebuilds it from them. This page shows three: one "
      "that **compresses**, one that **cleans**, and one that **invents**. Each stands beside the best that a linear "
      "method does with the same means. All images shown are test images, which no model was trained on.");
  report_ae(report, lab, ae);
  report_denoising(report, lab, denoising);
  report_vae(report, lab, vae);
  Json summary = Json::object();
  merge_into(summary, ae_summary(ae));
  merge_into(summary, denoising_summary(denoising));
  merge_into(summary, vae_summary(vae));
  summary["seconds"] = seconds;
  finish(context, report, summary);
}

}  // namespace

int run(int argc, char** argv) {
  App app("autoencoders", "short codes for images, images out of noise, and new images from codes");
  app.command<AeCommand>("ae", "images through a short code and back", run_ae_command)
      .details(
          "Trains an encoder and a decoder with a narrow waist between them, and shows what comes out beside the "
          "reconstructions of PCA with as many numbers.")
      .examples({"--quick # see that it works", "--code 8 # a narrower waist",
                 "--network conv --hidden 16,32 # convolutions"});
  app.command<DenoisingCommand>("denoising", "images out of noise", run_denoising_command)
      .details(
          "Trains an autoencoder that sees noisy images and is compared with the clean ones, and measures it against "
          "the best linear denoiser.")
      .examples({"--quick", "--noise 0.3"});
  app.command<VaeCommand>("vae", "new images from random codes", run_vae_command)
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

int main(int argc, char** argv) { return gg::apps::run(argc, argv); }
