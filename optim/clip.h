// Limits on gradients, to be called between backward() and step().
#pragma once

#include <vector>

#include "core/tensor.h"

namespace gg::optim {

struct ClipOptions {
  bool error_if_nonfinite = false;  ///< throw when the norm is NaN or infinite, instead of spreading it
};

/// Scales all gradients by max_norm / (norm + 1e-6) if that is below 1, where norm is the 2-norm of all of them seen as
/// one vector, which is returned. Parameters without gradient are skipped.
double clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm, const ClipOptions& options = {});

/// Limits each entry of each gradient to [−limit, limit].
void clip_grad_value_(const std::vector<Tensor>& parameters, double limit);

}  // namespace gg::optim
