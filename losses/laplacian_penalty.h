// What noise on the input does to a loss, to second order: half of the variance times the Laplacian. To train with it
// is a third derivative. Beside it stands its bounded part, output_gradient_penalty of gradient_penalty.h with
// Form::kl, which is all of it where the model is piecewise linear.
#pragma once

#include "autograd/functional/laplacian.h"
#include "losses/reduction.h"

namespace gg::losses {

struct ExpandedLossOptions {
  double sigma = 0.1;  ///< deviation of each element of the noise that is stood for, ≥ 0, in units of x
  int64_t probes = 0;  ///< 0: the exact Laplacian; above: Hutchinson's estimate by so many random signs
  /// Take no sample below `lowest`. The expansion is not bounded below (C. M. Bishop, Neural Computation 7(1), 1995):
  /// a curved model can make Δl more and more negative, where the loss under noise, of which this is an approximation,
  /// stays above. A sample that has come there gives no gradient.
  bool guard = true;
  double lowest = 0;  ///< what the loss cannot be less than: 0 of cross-entropies and squared errors
  Reduction reduction = Reduction::mean;
};

/// l(x) + ½σ²·Δl(x), to fourth order in σ the mean of l(x + ε) over noise ε of mean 0, independent elements and
/// deviation σ; the l itself is in it. `loss` maps inputs [N, ...] to one loss for each sample, [N], which depends on
/// that sample alone, and draws no random numbers of its own; it must be smooth, for at kinks there is no Laplacian.
/// x gets no gradients. Throws gg::Error.
Tensor expanded_noisy_loss(const Function& loss, const Tensor& x, const ExpandedLossOptions& options = {},
                           Generator& generator = default_generator());

}  // namespace gg::losses
