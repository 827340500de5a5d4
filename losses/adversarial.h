// Adversarial examples: the perturbation within ε that makes a loss largest, to first order (FGM) or by ascent (PGD).
// Training against them is, to first order, a penalty on the gradient: l(x + ε·∇l) ≈ l + ε‖∇l‖²
// (gradient_penalty.h). Without labels: vat.h.
//
//   auto loss_of = [&](const Tensor& x) { return cross_entropy(model(x), y, {.reduction = Reduction::none}); };
//   loss = mean(loss_of(x)) + losses::adversarial_loss(loss_of, x, {.epsilon = 0.1});
//
// In the passes that look for a perturbation batch norm leaves its running statistics as they are, and what draws from
// the default generator, such as dropout, draws in each pass what the first one drew.
#pragma once

#include <limits>

#include "autograd/functional/transforms.h"
#include "core/generator.h"
#include "losses/reduction.h"

namespace gg::losses {

/// Which perturbations of a sample are within ε.
enum class Ball {
  l2,    ///< those whose Euclidean norm over all axes of the sample is at most ε
  linf,  ///< those whose elements are at most ε
};

struct FgmOptions {
  double epsilon = 0.1;  ///< in units of x
  Ball ball = Ball::l2;
  /// What inputs can be, 0 and 1 for pixels: x plus the perturbation stays within.
  double low = -std::numeric_limits<double>::infinity(), high = std::numeric_limits<double>::infinity();
};

/// The perturbation [N, ...] that increases the loss of each sample most, to first order: ε·g/‖g‖ in the Euclidean
/// ball, ε·sign(g) in the other (Goodfellow et al., arXiv:1412.6572; Miyato et al., arXiv:1605.07725). It has no
/// history. `loss` maps inputs [N, ...] to losses [N]. A sample without a gradient gets no perturbation.
Tensor fgm(const Function& loss, const Tensor& x, const FgmOptions& options = {});

struct PgdOptions {
  double epsilon = 0.1;
  Ball ball = Ball::l2;
  int steps = 10;
  double step_size = 0;      ///< 0: 2.5·ε / steps
  bool random_start = true;  ///< at a point of the ball, uniformly, rather than at x
  double low = -std::numeric_limits<double>::infinity(), high = std::numeric_limits<double>::infinity();
};

/// The same by several steps, each followed by the way back into the ball (Madry et al., arXiv:1706.06083).
Tensor pgd(const Function& loss, const Tensor& x, const PgdOptions& options = {},
           Generator& generator = default_generator());

struct AdversarialOptions {
  double epsilon = 0.1;
  Ball ball = Ball::l2;
  double low = -std::numeric_limits<double>::infinity(), high = std::numeric_limits<double>::infinity();
  Reduction reduction = Reduction::mean;
};

/// The loss at x + fgm(…), differentiable by the parameters; the perturbation is a constant of it.
Tensor adversarial_loss(const Function& loss, const Tensor& x, const AdversarialOptions& options = {});

}  // namespace gg::losses
