// Limits on gradients, to be called between backward() and step().
#pragma once

#include <vector>

#include "core/tensor.h"

namespace gg::optim {

struct ClipOptions {
  bool error_if_nonfinite = false;  ///< throw when the norm is NaN or infinite, instead of spreading it; reads the norm
};

/// Scales all gradients by min(1, max_norm / (norm + 1e-6)), where norm is the 2-norm of all of them seen as one
/// vector, which is returned: float64, without axes, where the first gradient is. On a device nothing is read back, so
/// that a step goes on without waiting. Parameters without gradient are skipped; with none at all the norm is 0.
Tensor clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm, const ClipOptions& options = {});

/// Limits each entry of each gradient to [−limit, limit].
void clip_grad_value_(const std::vector<Tensor>& parameters, double limit);

}  // namespace gg::optim
