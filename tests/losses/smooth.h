// A small classifier without kinks, for tests of what regularisers do to one.
#pragma once

#include "ops/ops.h"

namespace gg::losses_test {

inline constexpr TensorOptions kDouble{.dtype = f64};

/// A smooth classifier x ↦ tanh(xA)B, [N, 5] ↦ [N, 4].
struct Smooth {
  Generator generator{1};
  Tensor a = randn({5, 6}, kDouble, generator), b = randn({6, 4}, kDouble, generator);
  Tensor x = randn({3, 5}, kDouble, generator);
  Tensor operator()(const Tensor& at) const { return matmul(tanh(matmul(at, a)), b); }
};

}  // namespace gg::losses_test
