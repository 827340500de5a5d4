// How far two tensors are from each other.
#pragma once

#include "ops/elementwise.h"
#include "ops/reduce.h"

namespace gg::nn_test {

inline double largest_difference(const Tensor& a, const Tensor& b) { return max(abs(a - b).detach()).item(); }

}  // namespace gg::nn_test
