#include "apps/autoencoders/vae.h"

#include <fmt/format.h>

#include "losses/losses.h"
#include "metrics/metrics.h"
#include "ops/ops.h"

namespace gg::apps {
namespace {

/// −ELBO in nats per image: everything is summed over pixels and over the code, then meaned over the batch. (A mean
/// over pixels beside a sum over the code would weigh the KL term 784 times.)
Tensor negative_elbo(const models::Vae& model, const Tensor& x, double sigma) {
  const models::Posterior q = model.encode(x);
  const Tensor noise = randn(q.mu.shape(), q.mu.options());
  const Tensor z = losses::reparameterize(q.mu, q.logvar, noise);
  const Tensor nll = losses::gaussian_nll(model.decode(z), x, sigma, {.reduction = losses::Reduction::none});
  return losses::mean_over_batch(nll) + mean(losses::kl_normal_standard(q.mu, q.logvar));
}

double train_vae(Lab& lab, const models::Vae& model, const std::string& name, const train::FitOptions& training,
                 double sigma) {
  train::Fit fit{.name = name,
                 .model = model,
                 .options = training,
                 .dataset = lab.train,
                 .loss = [&](const data::Batch& batch) { return negative_elbo(model, batch.x, sigma); },
                 .evaluate = [&]() -> Json {
                   const Elbo elbo =
                       elbo_of(model, lab.test_images, sigma, lab.device, Generator(lab.seed_for(kVaeEvaluation)));
                   return {{"test_negative_elbo", -elbo.value()}, {"test_elbo", elbo.value()}, {"test_kl", elbo.kl}};
                 }};
  return train::fit(lab.trainer(), fit);
}

double train_classifier(Lab& lab, const models::Classifier& classifier, const train::FitOptions& training) {
  train::Fit fit{.name = "classifier",
                 .model = classifier,
                 .options = training,
                 .dataset = lab.train,
                 .loss =
                     [&](const data::Batch& batch) {
                       return losses::cross_entropy(classifier(batch.x), batch.y, {.label_smoothing = 0.05});
                     },
                 .evaluate = [&]() -> Json {
                   const Tensor logits = in_batches(lab.test_images, lab.device, classifier);
                   return {{"test_mistakes", 1 - metrics::accuracy(logits, lab.test_labels)}};
                 }};
  return train::fit(lab.trainer(), fit);
}

}  // namespace

void VaeOptions::declare(OptionSet& options, const std::string& prefix) {
  options.group(prefix.empty() ? "Network" : "Variational autoencoder");
  network.declare(options, prefix);
  if (prefix.empty()) options.group("Training");
  training.declare(options, prefix);
  options
      .add(prefix + "sigma", sigma,
           "deviation of the normal distribution of a pixel around the decoder's output; less of it asks for sharper "
           "reconstructions, and leaves the samples less like them")
      .above(0)
      .range(0, 10)
      .example(Option::flag(prefix + "sigma") + " 0.2");
  options.add(prefix + "plane_epochs", plane_epochs, "the same for the model with a code of two numbers")
      .range(1, 1000)
      .quick(1);
  options.add(prefix + "classifier_epochs", classifier_epochs, "the same for the classifier that judges samples")
      .range(1, 1000)
      .quick(1);
  options.add(prefix + "samples", samples, "images drawn for the classifier").range(64, 1e6).quick(1000);
}

VaeResult run(Lab& lab, const VaeOptions& options) {
  manual_seed(lab.seed_for(kVaeWeights));
  const models::AutoencoderOptions network = options.network.model(lab.image_shape());
  models::Vae model(network);
  const double seconds = train_vae(lab, model, "vae", options.training, options.sigma);

  manual_seed(lab.seed_for(kPlaneWeights));
  models::AutoencoderOptions two = network;
  two.code = 2;
  models::Vae plane(two);
  train::FitOptions short_training = options.training;
  short_training.epochs = options.plane_epochs;
  const double plane_seconds = train_vae(lab, plane, "vae_plane", short_training, options.sigma);

  manual_seed(lab.seed_for(kClassifierWeights));
  models::Classifier classifier({.image = lab.image_shape(), .classes = lab.classes()});
  train::FitOptions classifier_training = options.training;
  classifier_training.epochs = options.classifier_epochs;
  const double classifier_seconds = train_classifier(lab, classifier, classifier_training);

  VaeResult result{.model = model,
                   .plane = plane,
                   .seconds = seconds,
                   .plane_seconds = plane_seconds,
                   .classifier_seconds = classifier_seconds,
                   .sigma = options.sigma};
  evaluate_vae(lab, options, classifier, result);
  return result;
}

}  // namespace gg::apps
