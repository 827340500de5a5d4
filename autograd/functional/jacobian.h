// Whole matrices of derivatives: Jacobians and Hessians. They need memory for all entries; products with them
// (transforms.h) do not.
#pragma once

#include "autograd/functional/transforms.h"

namespace gg {

enum class JacobianMode {
  automatic,  ///< forward where f has no more inputs than outputs, else reverse
  forward,    ///< a column for each input: jvp
  reverse,    ///< a row for each output: vjp
};

struct JacobianOptions {
  JacobianMode mode = JacobianMode::automatic;
  /// So many directions go through f at once; this bounds memory, and each chunk evaluates f again. 0: 256.
  int64_t chunk = 0;
};

struct JacobianResult {
  Tensor value;     ///< f(x)
  Tensor jacobian;  ///< [...f(x).shape, ...x.shape], at most 8 axes
};

/// All first derivatives. Both results can be differentiated again, in either mode.
JacobianResult jacobian(const Function& f, const Tensor& x, const JacobianOptions& options = {});

struct JacobianResultN {
  Tensor value;
  std::vector<Tensor> jacobians;  ///< for each input
};
JacobianResultN jacobian(const FunctionN& f, std::span<const Tensor> x, const JacobianOptions& options = {});

struct HessianOptions {
  int64_t chunk = 0;  ///< as in JacobianOptions
};

struct HessianResult {
  Tensor value;     ///< f(x), a scalar
  Tensor gradient;  ///< of the shape of x
  Tensor hessian;   ///< [...x.shape, ...x.shape]
};

/// All second derivatives of a scalar function, forward over reverse.
HessianResult hessian(const Function& f, const Tensor& x, const HessianOptions& options = {});

struct HessianResultN {
  Tensor value;
  std::vector<Tensor> gradients;
  std::vector<std::vector<Tensor>> hessians;  ///< [i][j]: second derivatives by inputs i and j
};
HessianResultN hessian(const FunctionN& f, std::span<const Tensor> x, const HessianOptions& options = {});

}  // namespace gg
