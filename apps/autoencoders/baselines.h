// What linear methods reach on the same images: the numbers that stand beside those of the networks.
#pragma once

#include <cstdint>
#include <vector>

#include "core/generator.h"
#include "metrics/pca.h"

namespace gg::apps {

/// x plus normal noise of deviation sigma, clipped to [0, 1].
Tensor add_noise(const Tensor& x, double sigma, Generator& generator);

/// The best linear denoiser through a bottleneck: noisy images are projected on their own k principal components, and
/// from there mapped to the clean images by least squares, clipped to [0, 1]. k is chosen on images left out of a first
/// fit. (To rebuild the noisy image from its components, as PCA alone does, keeps the brightness that clipped noise
/// adds; see `plain`.)
class PcaDenoiser {
 public:
  /// noisy and clean: [n, ...], pixel by pixel the same images; n ≥ 20.
  PcaDenoiser(const Tensor& noisy, const Tensor& clean);

  Tensor operator()(const Tensor& noisy) const { return denoise(noisy, k_); }
  /// PCA alone: projection on k components of the noisy images and back, clipped.
  Tensor plain(const Tensor& noisy, std::int64_t k) const;
  std::int64_t k() const { return k_; }

  /// What was tried on the images left out: components, and mean squared error per pixel.
  const std::vector<std::int64_t>& tried() const { return tried_; }
  const std::vector<double>& tried_mse() const { return tried_mse_; }

 private:
  void fit(const Tensor& noisy, const Tensor& clean);
  Tensor denoise(const Tensor& noisy, std::int64_t k) const;

  std::vector<metrics::Pca> pca_;  ///< one, of the noisy images; a vector because it has no empty state
  Tensor clean_mean_;              ///< [d]
  Tensor decoder_;                 ///< [d, d]: row i is what component i adds to a clean image
  std::int64_t usable_ = 0;        ///< components that vary enough to divide by
  std::int64_t k_ = 0;
  std::vector<std::int64_t> tried_;
  std::vector<double> tried_mse_;
};

/// Mean over x of log p(x) in nats under probabilistic PCA (Tipping and Bishop 1999) with k components and noise of
/// deviation sigma: what a linear decoder with the VAE's likelihood can reach at best, integral over the code included.
double probabilistic_pca_log_likelihood(const metrics::Pca& pca, const Tensor& x, std::int64_t k, double sigma);

/// Images from the normal distribution over the first k principal components, clipped to [0, 1]: [count, ...image].
Tensor pca_gaussian_samples(const metrics::Pca& pca, std::int64_t k, std::int64_t count, const Shape& image,
                            Generator& generator);

}  // namespace gg::apps
