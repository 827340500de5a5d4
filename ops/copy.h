// copy_: writing a tensor's numbers in place, for buffers, loading and initialisation.
#pragma once

#include "core/tensor.h"

namespace gg {

/// Copies the numbers of `from` into the storage of `to`; shapes and types must be equal, devices and layouts may
/// differ. Not recorded, so it throws if `to` requires grad while recording is on (use NoGrad). Raises the version.
void copy_(const Tensor& to, const Tensor& from);

}  // namespace gg
