// Normalisation.
#pragma once

#include "core/tensor.h"

namespace gg {

/// (x − mean) / sqrt(var + eps) over the last w.rank() axes (the last one where w is undefined), times w plus b.
Tensor layer_norm(const Tensor& x, const Tensor& w = {}, const Tensor& b = {}, double eps = 1e-5);

/// Per-channel statistics of a batch [N, C, ...], biased variance. No history.
struct BatchStatistics {
  Tensor mean;  ///< [C]
  Tensor var;   ///< [C]
};
BatchStatistics batch_statistics(const Tensor& x);

/// (x − mean) / sqrt(var + eps) per channel of x [N, C, ...] with the batch's own statistics, times w [C] plus b [C].
/// `statistics`, if given, receives them.
Tensor batch_norm(const Tensor& x, const Tensor& w, const Tensor& b, double eps = 1e-5,
                  BatchStatistics* statistics = nullptr);

/// The same with statistics given as constants (evaluation).
Tensor batch_norm_fixed(const Tensor& x, const BatchStatistics& statistics, const Tensor& w, const Tensor& b,
                        double eps = 1e-5);

}  // namespace gg
