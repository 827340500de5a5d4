// Virtual adversarial training (Miyato et al., arXiv:1704.03976; spaces.ac.cn archives 7466): a classifier shall say
// about the same at x + r as at x, for the perturbation r within ε that changes its mind most. No label is needed, so
// unlabelled samples help.
//
//   loss = loss + losses::vat(model, x, {.epsilon = 1});
//
// The divergence KL(f(x) ‖ f(x+r)) has no first-order term at r = 0, so that r points along the first eigenvector of
// its Hessian, which power iteration finds from a random start: d ← Hd / ‖Hd‖. The Hessian is Jᵀ (diag p − p pᵀ) J, p
// being the prediction and J the Jacobian of the logits, so Hd is one forward and one reverse pass: exact, and the
// forward pass is the one at x that is needed anyway. The classic way, a difference of gradients at x + ξd, is there
// beside it; in float32 it needs a ξ of about 0.001 to 0.1 (in units of x) to be a direction at all.
//
// In all of its passes batch norm keeps its statistics (unless asked to follow the clean one), and what draws from the
// default generator, dropout say, draws the same. Where the prediction is so certain that Hd is 0, r is 0.
#pragma once

#include "autograd/functional/transforms.h"
#include "core/generator.h"
#include "losses/reduction.h"

namespace gg::losses {

enum class VatDirection { exact, finite_differences };

struct VatOptions {
  double epsilon = 1;        ///< length of the perturbation, over all axes of a sample, in units of x
  int power_iterations = 1;  ///< 0: a random direction
  VatDirection direction = VatDirection::exact;
  double xi = 0.1;  ///< step of the finite differences, in units of x
  /// False where x is one thing that all samples share, such as a table of embeddings: then r has length ε over all of
  /// it, and lowers the mean over samples.
  bool per_sample = true;
  /// Where x may be perturbed, 1 or 0, of a shape that broadcasts to x's: padding of sentences should stay what it is.
  Tensor mask = {};
  double entropy = 0;  ///< weight of the entropy of the prediction at x, which is added ("VAT + EntMin")
  /// Whether the gradients of the parameters pass through the prediction at x, too. Without, it is a constant target.
  bool clean_gradient = false;
  bool update_statistics = false;         ///< whether the pass at x counts for the running statistics of batch norm
  Reduction reduction = Reduction::mean;  ///< over samples; none: [N]
};

struct VatResult {
  Tensor loss;          ///< KL(f(x) ‖ f(x + r)), and the entropy term
  Tensor logits;        ///< f(x) with its history: a supervised loss need not compute it again
  Tensor perturbation;  ///< r, of x's shape, without history
};

/// The loss and what was computed on the way. `model` maps inputs [N, ...] to logits [N, classes]; x gets gradients
/// where it requires them (embedded words, say: the perturbation is that of the embeddings, the gradient goes on into
/// the table).
///
///   const losses::VatResult v = losses::virtual_adversarial(model, x, {.epsilon = 1});
///   loss = cross_entropy(v.logits, y) + v.loss;
VatResult virtual_adversarial(const Function& model, const Tensor& x, const VatOptions& options = {},
                              Generator& generator = default_generator());

/// The loss alone.
Tensor vat(const Function& model, const Tensor& x, const VatOptions& options = {},
           Generator& generator = default_generator());

}  // namespace gg::losses
