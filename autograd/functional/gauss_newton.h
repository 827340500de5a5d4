// Gauss-Newton products: the part of a Hessian-vector product in which the model counts as linear.
#pragma once

#include "autograd/functional/transforms.h"

namespace gg {

struct GaussNewtonOptions {
  bool gradient = true;  ///< without it `gradient` stays undefined, and a reverse pass is saved
};

struct GaussNewtonResult {
  Tensor output;    ///< model(x), with the history that model(x) has: a loss of it can be trained as well
  Tensor value;     ///< loss(model(x)), a scalar
  Tensor gradient;  ///< of loss(model(x)) with respect to x
  Tensor product;   ///< Jᵀ·H·J·v: J is the Jacobian of the model at x, H the Hessian of the loss at model(x)
};

/// One pass forward gives model(x) and J·v, one back each result. Positive semi-definite where the loss is convex. No
/// gradient is computed of anything but x.
GaussNewtonResult gauss_newton_vp(const Function& model, const Function& loss, const Tensor& x, const Tensor& v,
                                  const GaussNewtonOptions& options = {});

}  // namespace gg
