// Checks of derivatives against finite differences and against each other. Public: whoever writes an operation checks
// it with these.
#pragma once

#include "autograd/functional/transforms.h"

namespace gg {

struct GradcheckOptions {
  double step = 1e-6;  ///< of the central differences
  double atol = 1e-7;  ///< allowed absolute …
  double rtol = 1e-5;  ///< … plus relative error
  int order = 1;       ///< 2 also checks the gradient's gradients, with respect to inputs and cotangent; and so on
  /// Also compare forward mode with reverse mode, ⟨u, J·v⟩ = ⟨Jᵀ·u, v⟩, and nested to `order` with differences.
  bool forward = true;
  /// From order 2 on: second derivatives of ⟨u, f⟩, forward over reverse, are symmetric, ⟨v, H·w⟩ = ⟨w, H·v⟩.
  bool symmetry = true;
  double exact = 1e-11;  ///< allowed relative error where both sides are exact up to rounding
  int full_up_to = 64;   ///< inputs with more elements are checked along random directions instead of entry by entry
  int directions = 3;    ///< so many of them
  uint64_t seed = 0;     ///< of the random cotangents and directions
};

enum class DerivativeCheck {
  none,       ///< all passed
  reverse,    ///< gradients against differences
  transpose,  ///< forward against reverse mode
  forward,    ///< nested forward mode against differences
  symmetry,   ///< of second derivatives
};

struct GradcheckResult {
  bool ok = true;
  DerivativeCheck failed = DerivativeCheck::none;
  double worst = 0;     ///< largest error over its tolerance; ok means ≤ 1
  std::string message;  ///< which check and where, and both values; empty if ok
};

/// Compares the gradients of f at `inputs` with central differences. Inputs must be float64 on the CPU (float32 has no
/// digits left after differencing); those that require grad are checked. f must be a function of its inputs alone.
GradcheckResult gradcheck(const FunctionN& f, std::span<const Tensor> inputs, const GradcheckOptions& options = {});
GradcheckResult gradcheck(const Function& f, const Tensor& input, const GradcheckOptions& options = {});

/// gradcheck of order 2: the gradient of f, as a function of its inputs and of the cotangent.
GradcheckResult gradgradcheck(const FunctionN& f, std::span<const Tensor> inputs, GradcheckOptions options = {});
GradcheckResult gradgradcheck(const Function& f, const Tensor& input, GradcheckOptions options = {});

}  // namespace gg
