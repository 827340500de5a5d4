// Losses of classifiers. The fused cross-entropy, with label smoothing, is an operation of its own: ops/softmax.h.
#pragma once

#include "ops/softmax.h"

namespace gg::losses {

using gg::cross_entropy;
using gg::CrossEntropyOptions;

}  // namespace gg::losses
