// How often a classifier is right, and what a classifier thinks of generated images.
#pragma once

#include <vector>

#include "core/tensor.h"

namespace gg::metrics {

/// The share of rows whose largest logit [N, classes] is at the target's (int64 [N]) place.
double accuracy(const Tensor& logits, const Tensor& target);

/// Expected calibration error in [0, 1]: predictions are sorted into `bins` equal bins of confidence (the largest
/// probability); the mean over samples of |accuracy − mean confidence| of their bin (Naeini et al. 2015; 15 bins as in
/// Guo et al. 2017). From logits [N, classes] and int64 targets [N]. Throws gg::Error.
double expected_calibration_error(const Tensor& logits, const Tensor& target, int bins = 15);

/// A classifier's opinion of N generated samples. Alone it can be fooled: read it beside the same numbers of real data.
struct ClassifierScore {
  double confidence = 0;       ///< mean over samples of the largest class probability
  double inception_score = 1;  ///< exp(mean KL(p(y|x) ‖ p(y))): 1 … classes (Salimans et al. 2016, own classifier)
  std::vector<double> histogram;  ///< share of samples whose likeliest class is each; sums to 1
  double histogram_entropy = 0;   ///< of that histogram in nats: log(classes) if all come equally often
};

/// From logits [N, classes], N ≥ 1.
ClassifierScore classifier_score(const Tensor& logits);

}  // namespace gg::metrics
