// For curvature rules (autograd/second_order.h): second derivatives summed over directions, [1, ...shape].
#pragma once

#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "ops/tangent.h"

namespace gg {

/// Σᵢ aᵢ·bᵢ over the direction axis, which keeps size 1; other axes broadcast. What both repeat without memory (as
/// samples repeat directions that they share) is computed once, and has size 1 in the result.
inline Tensor sum_products(Tensor a, Tensor b) {
  const bool same = a.is_same(b);
  for (int axis = 1; axis < a.rank() && a.shape() == b.shape(); ++axis) {
    if (a.size(axis) <= 1 || a.layout().strides[axis] != 0 || b.layout().strides[axis] != 0) continue;
    a = slice(a, axis, 0, 1);
    b = same ? a : slice(b, axis, 0, 1);
  }
  return sum(same ? square(a) : a * b, 0, {.keepdim = true});
}

/// A curvature in the shape that the rule must return. Undefined stays so.
inline Tensor in_shape_of_output(const autograd::Jvp& c, const Tensor& curvature) {
  return curvature.defined() ? expand(curvature, c.output().shape().inserted(0, 1)) : curvature;
}

}  // namespace gg
