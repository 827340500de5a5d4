// What softmax_cross_entropy (ops/softmax.h) and its kernels on every device are told.
#pragma once

#include <cstdint>

namespace gg {

struct SoftmaxCrossEntropyOptions {
  double label_smoothing = 0;   ///< ε in [0, 1]: the target distribution is (1 − ε)·one-hot + ε/classes
  int64_t ignore_index = -100;  ///< rows with this target have loss 0 and gradient 0
};

}  // namespace gg
