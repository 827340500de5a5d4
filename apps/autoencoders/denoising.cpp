#include "apps/autoencoders/denoising.h"

#include <algorithm>

#include "losses/losses.h"
#include "metrics/metrics.h"
#include "ops/ops.h"

namespace gg::apps {

void DenoisingOptions::declare(OptionSet& options, const std::string& prefix) {
  options.group(prefix.empty() ? "Network" : "Denoising autoencoder");
  network.declare(options, prefix);
  if (prefix.empty()) options.group("Training");
  training.declare(options, prefix);
  options.add(prefix + "noise", noise, "standard deviation of the noise, before clipping to [0, 1]")
      .above(0)
      .range(0, 10);
}

DenoisingResult run(Lab& lab, const DenoisingOptions& options) {
  manual_seed(lab.seed_for(kDenoisingWeights));
  models::Autoencoder model(options.network.model(lab.image_shape()));
  Generator test_generator(lab.seed_for(kDenoisingTestNoise));
  const Tensor noisy_test = add_noise(lab.test_images, options.noise, test_generator);
  const auto denoise = [&](const Tensor& x) {
    return in_batches(x, lab.device, [&](const Tensor& b) { return model(b); });
  };

  train::Fit fit{.name = "denoising",
                 .model = model,
                 .options = options.training,
                 .dataset = lab.train,
                 // Fresh noise for each image in each epoch, and the same again after a resumption: a function of where
                 // the batch stands.
                 .transform =
                     [seed = lab.seed_for(kDenoisingNoise), sigma = options.noise](data::Batch& batch) {
                       Generator generator(data::sample_key(seed, static_cast<std::uint64_t>(batch.epoch),
                                                            static_cast<std::uint64_t>(batch.number)));
                       batch.y = batch.x;
                       batch.x = add_noise(batch.x, sigma, generator);
                     },
                 .loss =
                     [&](const data::Batch& batch) {  // against the clean image, which the network never sees
                       return losses::mean_over_batch(
                           losses::mse(model(batch.x), batch.y, {.reduction = losses::Reduction::none}));
                     },
                 .evaluate = [&]() -> Json {
                   const double sse = mean_sse(denoise(noisy_test), lab.test_images);
                   return {{"test_sse", sse}, {"test_psnr", metrics::psnr_from_mse(sse / lab.pixels())}};
                 }};
  const double seconds = train::fit(lab.trainer(), fit);

  Generator train_generator(lab.seed_for(kDenoisingNoise));
  PcaDenoiser pca(add_noise(lab.train_images, options.noise, train_generator), lab.train_images);
  DenoisingResult result{.model = model, .pca = std::move(pca), .seconds = seconds, .noise = options.noise};
  result.noisy = noisy_test;
  result.denoised = denoise(noisy_test);
  result.pca_denoised = result.pca(noisy_test);
  result.noisy_psnr = metrics::psnr(noisy_test, lab.test_images);
  result.psnr = metrics::psnr(result.denoised, lab.test_images);
  result.pca_psnr = metrics::psnr(result.pca_denoised, lab.test_images);
  // PCA alone gets the k that is best on the test images themselves: it is not the bar, and may as well look its best.
  for (const std::int64_t k : {8, 16, 32, 64, 128}) {
    if (k > lab.pixels()) break;
    const double psnr = metrics::psnr(result.pca.plain(noisy_test, k), lab.test_images);
    if (psnr > result.plain_pca_psnr) {
      result.plain_pca_psnr = psnr;
      result.plain_pca_components = k;
    }
  }

  const Tensor some = slice(lab.test_images, 0, 0, std::min<std::int64_t>(2000, lab.test_images.size(0)));
  for (const double factor : {0.2, 0.5, 0.8, 1.0, 1.2, 1.5, 2.0}) {
    const double sigma = factor * options.noise;
    const Tensor noisy = add_noise(some, sigma, test_generator);
    result.other_noise.push_back(sigma);
    result.other_noisy_psnr.push_back(metrics::psnr(noisy, some));
    result.other_psnr.push_back(metrics::psnr(denoise(noisy), some));
    result.other_pca_psnr.push_back(metrics::psnr(result.pca(noisy), some));
  }
  return result;
}

Json summary_of(const DenoisingResult& result) {
  return {{"denoise_noise", result.noise},           {"denoise_psnr", result.psnr},
          {"denoise_psnr_pca", result.pca_psnr},     {"denoise_pca_components", result.pca.k()},
          {"denoise_psnr_noisy", result.noisy_psnr}, {"denoise_psnr_plain_pca", result.plain_pca_psnr},
          {"denoise_seconds", result.seconds}};
}

}  // namespace gg::apps
