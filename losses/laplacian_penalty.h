// The Laplacian penalty: what noise on the input does to a loss on average, to second order. E l(x + ε) ≈ l + ½σ²Δl for
// noise of variance σ² in each element (spaces.ac.cn archives 7466; Bishop 1995). Training with it differentiates three
// times. The Laplacian of a cross-entropy is not bounded below: where a model is free to, it makes it as negative as it
// likes. The bounded part of it, which is what the shifted target l(f(x + ε), f(x)) has, is output_gradient_penalty
// (gradient_penalty.h). The Laplacian itself: autograd/functional/laplacian.h.
#pragma once

#include "autograd/functional/transforms.h"
#include "core/generator.h"
#include "losses/reduction.h"

namespace gg::losses {

struct ExpandedLossOptions {
  double sigma = 0.1;  ///< deviation of the noise that is stood for
  int64_t probes = 0;  ///< 0: exact; above: Hutchinson's estimate by so many random signs
  /// The guard: no sample counts less than this, and one that would has no gradient. A loss under noise is at least
  /// what a loss can be, 0 of cross-entropies and squared errors; only its expansion can be below. −infinity: no guard.
  double lowest = 0;
  Reduction reduction = Reduction::mean;  ///< over samples; none: [N]
};

/// l + ½σ²Δl of each sample, the loss and its Laplacian penalty from one pass: to fourth order in σ the mean of
/// l(x + ε) for losses that are smooth, and so what noisy_loss (noise.h) draws. `loss` maps inputs [N, ...] to losses
/// [N], no sample looking at another. It may be evaluated several times, so it must not draw random numbers. The
/// penalty alone, without a guard: gg::laplacian(...).laplacian * ½σ².
Tensor expanded_noisy_loss(const Function& loss, const Tensor& x, const ExpandedLossOptions& options = {},
                           Generator& generator = default_generator());

}  // namespace gg::losses
