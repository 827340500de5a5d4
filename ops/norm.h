// Normalisation. What divides by a deviation computes it as 1 / sqrt(var + eps), with the biased variance.
#pragma once

#include <optional>

#include "core/tensor.h"

namespace gg {

/// (x − mean) / sqrt(var + eps) over the last w.rank() axes (the last one where w is undefined), times w plus b.
Tensor layer_norm(const Tensor& x, const Tensor& w = {}, const Tensor& b = {}, double eps = 1e-5);

/// x / sqrt(mean(x²) + eps) over the last w.rank() axes (the last one where w is undefined), times w
/// (arXiv:1910.07467). Without eps that of the type, as in PyTorch.
Tensor rms_norm(const Tensor& x, const Tensor& w = {}, std::optional<double> eps = std::nullopt);

/// Layer norm over each of `groups` equal groups of channels of x [N, C, ...], times w [C] plus b [C] (either may be
/// undefined; arXiv:1803.08494). The result is row-major.
Tensor group_norm(const Tensor& x, int64_t groups, const Tensor& w = {}, const Tensor& b = {}, double eps = 1e-5);

/// group_norm with a group for each channel: the statistics of one image alone (arXiv:1607.08022). x [N, C, L...] with
/// more than one element in a channel.
Tensor instance_norm(const Tensor& x, const Tensor& w = {}, const Tensor& b = {}, double eps = 1e-5);

/// content [N, C, L...] with the mean and deviation of each channel of style [N, C, L'...] in the place of its own
/// (arXiv:1703.06868): sqrt(var(style) + eps) · instance_norm(content) + mean(style).
Tensor adain(const Tensor& content, const Tensor& style, double eps = 1e-5);

/// x·w + b, one number for each channel of x [N, C, ...], in one pass; w and b [C].
Tensor channel_affine(const Tensor& x, const Tensor& w, const Tensor& b);

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

/// The same with statistics given as constants (evaluation): no gradient reaches them, and they may be written to
/// before that of the result is taken.
Tensor batch_norm_fixed(const Tensor& x, const BatchStatistics& statistics, const Tensor& w, const Tensor& b,
                        double eps = 1e-5);

}  // namespace gg
