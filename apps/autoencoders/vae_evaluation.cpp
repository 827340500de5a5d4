#include <fmt/format.h>

#include <algorithm>

#include "apps/autoencoders/baselines.h"
#include "apps/autoencoders/vae.h"
#include "losses/losses.h"
#include "metrics/host.h"
#include "metrics/metrics.h"
#include "ops/ops.h"

namespace gg::apps {
namespace {

Json to_json(const metrics::ClassifierScore& score) {
  return {{"mean_confidence", score.confidence},
          {"classifier_score", score.inception_score},
          {"class_histogram", score.histogram},
          {"histogram_entropy", score.histogram_entropy}};
}

}  // namespace

Elbo elbo_of(const models::Vae& model, const Tensor& images, double sigma, Device device, Generator generator) {
  Elbo elbo;
  in_batches(images, device, [&](const Tensor& x) {
    const models::Posterior q = model.encode(x);
    const Tensor z = losses::reparameterize(q.mu, q.logvar, randn(q.mu.shape(), q.mu.options(), generator));
    elbo.log_likelihood -=
        losses::gaussian_nll(model.decode(z), x, sigma, {.reduction = losses::Reduction::sum}).item();
    elbo.kl += sum(losses::kl_normal_standard(q.mu, q.logvar)).item();
    return slice(q.mu, 1, 0, 1);
  });
  elbo.log_likelihood /= static_cast<double>(images.size(0));
  elbo.kl /= static_cast<double>(images.size(0));
  return elbo;
}

void evaluate_vae(Lab& lab, const VaeOptions& options, const models::Classifier& classifier, VaeResult& result) {
  const models::Vae& model = result.model;
  const std::int64_t code = model.options.code;
  result.elbo = elbo_of(model, lab.test_images, options.sigma, lab.device, Generator(lab.seed_for(kVaeEvaluation)));
  result.linear_log_likelihood = probabilistic_pca_log_likelihood(lab.pca(), lab.test_images, code, options.sigma);
  result.likelihood =
      fmt::format("normal with deviation {} around the decoder's output, for each pixel in [0, 1]", options.sigma);
  const Tensor both = in_batches(lab.test_images, lab.device, [&](const Tensor& x) {
    const models::Posterior q = model.encode(x);
    return concat({q.mu, q.logvar}, 1);
  });
  result.mu = contiguous(slice(both, 1, 0, code));
  result.plane_mu =
      in_batches(lab.test_images, lab.device, [&](const Tensor& x) { return contiguous(result.plane.encode(x).mu); });
  result.kl_per_dimension =
      metrics::host_doubles(losses::kl_normal_standard_per_dimension(result.mu, slice(both, 1, code)));
  result.active_units = metrics::active_units(result.mu).count;

  Generator generator(lab.seed_for(kVaeSamples)), pca_generator(lab.seed_for(kPcaSamples));
  const Tensor samples = in_batches(randn({options.samples, code}, {}, generator), lab.device,
                                    [&](const Tensor& z) { return model.decode(z); });
  const Tensor pca_samples = pca_gaussian_samples(lab.pca(), code, options.samples, lab.image_shape(), pca_generator);
  const auto logits = [&](const Tensor& x) { return in_batches(x, lab.device, classifier); };
  const Tensor real_logits = logits(lab.test_images);
  result.classifier_accuracy = metrics::accuracy(real_logits, lab.test_labels);
  result.real_score = metrics::classifier_score(real_logits);
  result.sample_score = metrics::classifier_score(logits(samples));
  result.pca_score = metrics::classifier_score(logits(pca_samples));
  result.samples = contiguous(slice(samples, 0, 0, 64));
  result.pca_samples = contiguous(slice(pca_samples, 0, 0, 64));
}

Json summary_of(const VaeResult& result) {
  return {{"vae_elbo", result.elbo.value()},
          {"vae_likelihood", result.likelihood},
          {"vae_log_likelihood_term", result.elbo.log_likelihood},
          {"vae_kl", result.elbo.kl},
          {"vae_elbo_probabilistic_pca", result.linear_log_likelihood},
          {"vae_code", result.model.options.code},
          {"vae_active_units", result.active_units},
          {"vae_sample_score",
           {{"classifier_accuracy", result.classifier_accuracy},
            {"samples", to_json(result.sample_score)},
            {"real", to_json(result.real_score)},
            {"pca_gaussian", to_json(result.pca_score)}}},
          {"vae_seconds", result.seconds},
          {"vae_plane_seconds", result.plane_seconds},
          {"classifier_seconds", result.classifier_seconds}};
}

}  // namespace gg::apps
