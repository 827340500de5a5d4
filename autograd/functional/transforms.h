// Transforms of functions: vjp, jvp, hvp. Each takes a function of one tensor or of several; parameters of a module are
// several (nn::of_parameters in nn/functional_call.h). Each result can itself be differentiated, in either mode, and
// has a history where gradients are enabled and something besides the point of differentiation requires grad.
//
// Read next: jacobian.h (whole matrices), gauss_newton.h, fisher.h, laplacian.h; docs/higher-order.md explains all of
// it.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "core/tensor.h"

namespace gg {

using Function = std::function<Tensor(const Tensor&)>;
using FunctionN = std::function<Tensor(std::span<const Tensor>)>;

struct Linearized {
  Tensor value;    ///< f(x)
  Tensor product;  ///< the product with the Jacobian
};

/// f(x) and the derivative of f at x in direction v (the shape of x), by one forward pass: about two evaluations of f.
Linearized jvp(const Function& f, const Tensor& x, const Tensor& v);
/// Several inputs, each with its direction; an undefined direction means zero.
Linearized jvp(const FunctionN& f, std::span<const Tensor> x, std::span<const Tensor> v);
/// Several directions at once: v is [directions, ...x.shape], the product [directions, ...f(x).shape].
Linearized jvp_batched(const Function& f, const Tensor& x, const Tensor& v);
Linearized jvp_batched(const FunctionN& f, std::span<const Tensor> x, std::span<const Tensor> v);

/// f(x) and uᵀ·J, with u of the shape of f(x), by one reverse pass.
Linearized vjp(const Function& f, const Tensor& x, const Tensor& u);

struct LinearizedN {
  Tensor value;                  ///< f(x)
  std::vector<Tensor> products;  ///< for each input, in its shape; zeros for indices and truth values
};
LinearizedN vjp(const FunctionN& f, std::span<const Tensor> x, const Tensor& u);

struct HvpResult {
  Tensor value;     ///< f(x), a scalar
  Tensor gradient;  ///< of f at x
  Tensor product;   ///< Hessian of f at x times v
};

/// Hessian-vector product of a scalar function, forward over reverse: about three gradients for all three results.
HvpResult hvp(const Function& f, const Tensor& x, const Tensor& v);
/// Several directions at once: v and the product are [directions, ...x.shape].
HvpResult hvp_batched(const Function& f, const Tensor& x, const Tensor& v);

struct HvpResultN {
  Tensor value;
  std::vector<Tensor> gradients, products;  ///< for each input, in its shape
};
/// The Hessian of all inputs together times (v₁, v₂, …); an undefined direction means zero.
HvpResultN hvp(const FunctionN& f, std::span<const Tensor> x, std::span<const Tensor> v);
HvpResultN hvp_batched(const FunctionN& f, std::span<const Tensor> x, std::span<const Tensor> v);

}  // namespace gg
