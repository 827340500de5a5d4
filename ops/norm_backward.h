// The gradients of the normalisations in their input, as operations of their own: what a recorded gradient is made of.
// Each has a fused derivative, so a gradient penalty through a norm reads its arrays a few times, and not some dozens
// of times. Their references are plain tensor code, for forward mode and higher orders. For norm.cpp.
//
// With u = (x - mean)·rstd and P·h = rstd·(h - mean(h) - u·mean(h·u)), which is symmetric, the gradient is P·(g·w), and
// du = P·dx. So ⟨v, P·h⟩ with h = g·w has the gradients
//
//   in g    w · P·v          in w    Σ g · P·v
//   in x    -rstd² · (s·u + c·ĥ + a·v̂),    a = mean(h·u),  ĥ = h - mean(h) - u·a,
//                                           c = mean(v·u),  v̂ = v - mean(v) - u·c,   s = mean(v·ĥ).
#pragma once

#include "core/tensor.h"
#include "ops/shape.h"

namespace gg::detail {

/// u of x over some axes, and rstd, whose axes keep size 1. Not centred, every mean is 0 (RMS norm).
struct Normalised {
  Tensor u, rstd;
};
Normalised normalised(const Tensor& x, const Axes& axes, double eps, bool centred = true);

/// Statistics of the very x that they go with: constants for the kernels, recomputed by the references.
struct RowStatistics {
  Tensor mean, rstd;  ///< [rows]; the mean of RMS norm is 0
};

/// The gradient in x [rows, n] of layer norm or RMS norm with weight w [n], for g [rows, n].
Tensor layer_norm_backward(const Tensor& g, const Tensor& x, const Tensor& w, const RowStatistics& statistics,
                           double eps, bool centred);

/// Norms of x [N, C, ...] with a weight for each channel [C].
struct ChannelNorm {
  int64_t groups;  ///< of channels, each image by itself, x [N, C, L] row-major; 0: each channel over the batch
  double eps;
  Tensor mean, var;  ///< [N·groups], or [C]: statistics of the very x, constants for the kernels

  /// x as the kernels see it: of groups, each channel of each image is a channel of its own, [1, N·C, L].
  Tensor seen(const Tensor& x) const;
  /// For each channel that the kernels see: what its group has, or its channel of [C].
  Tensor of_groups(const Tensor& t, const Tensor& x) const;
  Tensor of_channels(const Tensor& t, const Tensor& x) const;
  /// The mean over all that share statistics, of sums over channels that the kernels see.
  Tensor mean_of(const Tensor& sums, const Tensor& x) const;
  /// [C], of sums over channels that the kernels see.
  Tensor over_images(const Tensor& sums, const Tensor& x) const;
};

/// The gradient in x of batch, group or instance norm with weight w [C], for g of the shape of x.
Tensor channel_norm_backward(const Tensor& g, const Tensor& x, const Tensor& w, const ChannelNorm& norm);

/// The same unrecorded, of g as the kernels see it, where its sums over the channels there are known: Σ g·(x - mean)
/// and Σ g.
Tensor channel_norm_input_gradient(const Tensor& g, const Tensor& x, const Tensor& w, const ChannelNorm& norm,
                                   const Tensor& product, const Tensor& total);

}  // namespace gg::detail
