#include "apps/autoencoders/baselines.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "apps/autoencoders/lab.h"
#include "core/grad_mode.h"
#include "metrics/host.h"
#include "metrics/metrics.h"
#include "ops/ops.h"

namespace gg::apps {
namespace {

constexpr std::int64_t kRows = 5000;  // images at a time, to save memory

double mean_square(const Tensor& a, const Tensor& b) {
  return mean_sse(a, b) / static_cast<double>(a.numel() / a.size(0));
}

}  // namespace

Tensor add_noise(const Tensor& x, double sigma, Generator& generator) {
  NoGrad guard;
  return clamp(x + randn(x.shape(), x.options(), generator) * sigma, 0, 1);
}

PcaDenoiser::PcaDenoiser(const Tensor& noisy, const Tensor& clean) {
  NoGrad guard;
  const std::int64_t n = noisy.size(0), left_out = std::min<std::int64_t>(n / 5, 5000);
  fit(slice(noisy, 0, 0, n - left_out), slice(clean, 0, 0, n - left_out));
  const Tensor test = slice(noisy, 0, n - left_out), target = slice(clean, 0, n - left_out);
  double best = INFINITY;
  for (const std::int64_t k : {4, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 784}) {
    if (k > usable_) break;
    tried_.push_back(k);
    tried_mse_.push_back(mean_square(denoise(test, k), target));
    if (tried_mse_.back() < best) {
      best = tried_mse_.back();
      k_ = k;
    }
  }
  GG_CHECK(k_ > 0, "PCA denoiser: only ", usable_, " components of the noisy images vary; expected at least 4");
  fit(noisy, clean);
  k_ = std::min(k_, usable_);
}

void PcaDenoiser::fit(const Tensor& noisy, const Tensor& clean) {
  pca_.clear();
  pca_.emplace_back(noisy);
  const metrics::Pca& pca = pca_.front();
  const std::int64_t n = noisy.size(0), d = pca.dimension();
  const std::vector<double>& variances = pca.variances();
  usable_ = 0;
  // Fewer than half as many components as images, or least squares would learn the images by heart.
  while (usable_ < std::min(d, n / 2) && variances[static_cast<std::size_t>(usable_)] > 1e-6 * variances[0]) ++usable_;

  clean_mean_ = mean(flatten(clean, 1), {0});
  Tensor product = zeros({d, d});
  for (std::int64_t i = 0; i < n; i += kRows) {
    const std::int64_t end = std::min(i + kRows, n);
    const Tensor code = pca.encode(slice(noisy, 0, i, end), d);
    product = product + matmul(transpose(code), flatten(slice(clean, 0, i, end), 1) - clean_mean_);
  }
  // Components are uncorrelated, so least squares divides each row by its own variance.
  std::vector<float> scale(static_cast<std::size_t>(d), 0);
  for (std::int64_t i = 0; i < usable_; ++i) {
    const auto at = static_cast<std::size_t>(i);
    scale[at] = static_cast<float>(1 / (static_cast<double>(n) * variances[at]));
  }
  decoder_ = product * from_vector(scale, {d, 1});
}

Tensor PcaDenoiser::denoise(const Tensor& noisy, std::int64_t k) const {
  return in_batches(noisy, Device(), [&](const Tensor& x) {
    const Tensor clean = matmul(pca_.front().encode(x, k), slice(decoder_, 0, 0, k)) + clean_mean_;
    return clamp(reshape(clean, x.shape()), 0, 1);
  });
}

Tensor PcaDenoiser::plain(const Tensor& noisy, std::int64_t k) const {
  return in_batches(noisy, Device(), [&](const Tensor& x) { return clamp(pca_.front().reconstruct(x, k), 0, 1); });
}

double probabilistic_pca_log_likelihood(const metrics::Pca& pca, const Tensor& x, std::int64_t k, double sigma) {
  const std::int64_t d = pca.dimension();
  k = std::min(k, d);
  const Tensor code = in_batches(x, Device(), [&](const Tensor& part) { return pca.encode(part, k); });
  const std::vector<double> mean_squares = metrics::host_doubles(mean(square(code), {0}));
  const double noise = sigma * sigma;
  // The model's covariance has the eigenvalues max(variance, sigma²) along the k components, sigma² elsewhere.
  double log_det = static_cast<double>(d - k) * std::log(noise), distance = 0, inside = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(k); ++i) {
    const double variance = std::max(pca.variances()[i], noise);
    log_det += std::log(variance);
    distance += mean_squares[i] / variance;
    inside += mean_squares[i];
  }
  const Tensor centre = to(pca.mean(), x.dtype());
  const double total = mean_sse(flatten(x, 1), contiguous(expand(centre, {x.size(0), d})));
  distance += (total - inside) / noise;
  return -0.5 * (static_cast<double>(d) * std::log(2 * std::numbers::pi) + log_det + distance);
}

Tensor pca_gaussian_samples(const metrics::Pca& pca, std::int64_t k, std::int64_t count, const Shape& image,
                            Generator& generator) {
  NoGrad guard;
  k = std::min(k, pca.dimension());
  std::vector<float> deviations;
  for (std::size_t i = 0; i < static_cast<std::size_t>(k); ++i) {
    deviations.push_back(static_cast<float>(std::sqrt(pca.variances()[i])));
  }
  const Tensor code = randn({count, k}, {}, generator) * from_vector(deviations, {k});
  return clamp(reshape(pca.decode(code), image.inserted(0, count)), 0, 1);
}

}  // namespace gg::apps
