// `autoencoders denoising`: images buried in noise, and what an autoencoder digs out, against the best linear method.
// The training is in denoising.cpp, the pages of the report in denoising_report.cpp.
#pragma once

#include "apps/autoencoders/baselines.h"
#include "apps/autoencoders/lab.h"
#include "models/autoencoder.h"

namespace gg::apps {

struct DenoisingOptions {
  train::FitOptions training{.epochs = 10, .lr = 3e-3};
  NetworkOptions network{.hidden = {1024}, .code = 256};
  double noise = 0.5;
  void declare(OptionSet& options, const std::string& prefix);
};

struct DenoisingResult {
  models::Autoencoder model;
  PcaDenoiser pca;
  double seconds = 0;  ///< training
  double noise = 0;
  double noisy_psnr = 0, psnr = 0, pca_psnr = 0, plain_pca_psnr = 0;
  std::int64_t plain_pca_components = 0;
  Tensor noisy = {}, denoised = {}, pca_denoised = {};  ///< of the test images
  std::vector<double> other_noise = {}, other_noisy_psnr = {}, other_psnr = {}, other_pca_psnr = {};
};

DenoisingResult run(Lab& lab, const DenoisingOptions& options);
Json summary_of(const DenoisingResult& result);
void add_to_report(Report& report, Lab& lab, const DenoisingResult& result);

}  // namespace gg::apps
