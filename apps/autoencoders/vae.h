// `autoencoders vae`: an autoencoder with a distribution of codes, from which new images can be drawn. The training is
// in vae.cpp, what is measured of it in vae_evaluation.cpp, the pages of the report in vae_report.cpp.
#pragma once

#include "apps/autoencoders/lab.h"
#include "core/generator.h"
#include "metrics/classification.h"
#include "models/classifier.h"
#include "models/vae.h"

namespace gg::apps {

struct VaeOptions {
  train::FitOptions training{.epochs = 7};
  NetworkOptions network{.code = 20};
  double sigma = 0.5;
  std::int64_t plane_epochs = 4;
  std::int64_t classifier_epochs = 4;
  std::int64_t samples = 10000;
  void declare(OptionSet& options, const std::string& prefix);
};

/// The two terms of the bound on log p(x), in nats per image: summed over pixels and over the code, meaned over images.
struct Elbo {
  double log_likelihood = 0;  ///< E_q[log p(x|z)]
  double kl = 0;              ///< KL(q(z|x) ‖ N(0, 1))
  double value() const { return log_likelihood - kl; }
};

/// With p(x|z) = N(decode(z), sigma²) and one draw of z for each image.
Elbo elbo_of(const models::Vae& model, const Tensor& images, double sigma, Device device, Generator generator);

struct VaeResult {
  models::Vae model;
  models::Vae plane;              ///< the same with a code of two numbers
  double seconds = 0;             ///< training of the model
  double plane_seconds = 0;       ///< of the plane
  double classifier_seconds = 0;  ///< of the classifier that judges
  double sigma = 0;
  std::string likelihood = {};  ///< in words
  Elbo elbo = {};
  double linear_log_likelihood = 0;  ///< of probabilistic PCA with as long a code and the same sigma
  Tensor mu = {};                    ///< [test images, code]
  Tensor plane_mu = {};              ///< [test images, 2]
  std::vector<double> kl_per_dimension = {};
  std::int64_t active_units = 0;
  double classifier_accuracy = 0;
  metrics::ClassifierScore sample_score = {}, real_score = {}, pca_score = {};
  Tensor samples = {}, pca_samples = {};  ///< the first 64
};

VaeResult run(Lab& lab, const VaeOptions& options);
/// Fills in what is measured on test images and samples.
void evaluate_vae(Lab& lab, const VaeOptions& options, const models::Classifier& classifier, VaeResult& result);
Json summary_of(const VaeResult& result);
void add_to_report(Report& report, Lab& lab, const VaeResult& result);

}  // namespace gg::apps
