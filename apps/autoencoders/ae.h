// `autoencoders ae`: images through a short code and back, against PCA with as many numbers. The training is in ae.cpp,
// the pages of the report in ae_report.cpp.
#pragma once

#include "apps/autoencoders/lab.h"
#include "models/autoencoder.h"

namespace gg::apps {

struct AeOptions {
  train::FitOptions training{.epochs = 5};
  NetworkOptions network{};
  /// Names get `prefix` in front where a command trains several models.
  void declare(OptionSet& options, const std::string& prefix);
};

struct AeResult {
  models::Autoencoder model;
  double seconds = 0;           ///< training
  std::int64_t code = 0;        ///< numbers in a code
  double test_sse = 0;          ///< summed over pixels, meaned over the test images
  double pca_sse = 0;           ///< the same of PCA with as many components
  double linear_code = 0;       ///< components that PCA needs to be as good; 0 where no number suffices
  Tensor codes = {};            ///< [test images, code]
  Tensor reconstructions = {};  ///< of the test images
  std::vector<double> class_sse = {}, class_pca_sse = {};
};

AeResult run(Lab& lab, const AeOptions& options);

/// The numbers of summary.json.
Json summary_of(const AeResult& result);
void add_to_report(Report& report, Lab& lab, const AeResult& result);

}  // namespace gg::apps
