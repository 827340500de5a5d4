// In-place writes of whole tensors, for buffers, loading and initialisation.
#pragma once

#include "core/tensor.h"

namespace gg::nn {

/// Copies the numbers of `from` into the storage of `to`; shapes and types must be equal, devices may differ. Not
/// recorded, so it throws if `to` requires grad while recording is on (use NoGrad).
void assign(const Tensor& to, const Tensor& from);

}  // namespace gg::nn
