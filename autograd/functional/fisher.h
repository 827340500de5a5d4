// The Fisher information of a classifier's softmax with respect to its input: F = Jᵀ·(diag p − p·pᵀ)·J, with J the
// Jacobian of the logits. It is the Hessian of KL(p(x) ‖ p(x + r)) in r at r = 0 (virtual adversarial training) and the
// bounded part of the Hessian of the cross-entropy: its trace is E ‖∇ₓ log p_c‖² over c ~ p, never negative, and for
// piecewise linear networks it is the whole Laplacian.
#pragma once

#include "autograd/functional/transforms.h"
#include "core/generator.h"

namespace gg {

struct FisherOptions {
  bool create_graph = false;  ///< record the product, so that it can be differentiated again; as in GradOptions
};

/// (diag p − p·pᵀ)·v for each row of probabilities p [..., classes] and vectors v of that shape: the covariance of a
/// one-hot draw from p, and the Hessian of any softmax's log-likelihood in its logits.
Tensor categorical_covariance_vp(const Tensor& p, const Tensor& v);

struct FisherProduct {
  Tensor logits;   ///< model(x), with the history that model(x) has
  Tensor product;  ///< F·v, of the shape of x
};

/// One pass forward and one back: the exact power step of virtual adversarial training (arXiv:1704.03976, equation 12,
/// without its finite difference). Classes lie on the last axis of the logits. The product is a constant unless
/// create_graph asks otherwise: a direction to go, not a part of a loss.
FisherProduct fisher_vp(const Function& model, const Tensor& x, const Tensor& v, const FisherOptions& options = {});

struct FisherTrace {
  Tensor logits;  ///< model(x)
  Tensor trace;   ///< tr F for each sample: [N]
};

/// tr F of each sample of x [N, ...], exactly; model(x) must be logits [N, classes] of independent samples. A pass back
/// for each class. Can be differentiated again.
FisherTrace fisher_trace(const Function& model, const Tensor& x);

/// ‖∇ₓ log p_c‖² with one class c ~ p drawn for each sample: an unbiased estimate of tr F for one pass back. Its own
/// derivatives take the drawn class as a constant, so they leave out how p itself changes the weights of the classes.
FisherTrace sampled_fisher_trace(const Function& model, const Tensor& x, Generator& generator = default_generator());

}  // namespace gg
