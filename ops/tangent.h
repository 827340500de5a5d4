// Forward rules work on tangents [directions, ...shape]. Axes are counted from the end, so most rules read the same
// with and without that leading axis; these helpers are for the rest.
#pragma once

#include <optional>

#include "autograd/forward.h"
#include "ops/shape.h"

namespace gg {

/// The tangent of input i with axes of size 1 after the direction axis, so that it broadcasts like the input itself
/// does in an operation whose output has `rank` axes.
inline Tensor aligned_tangent(const autograd::Jvp& c, int i, int rank) {
  const Tensor& t = c.tangent(i);
  if (t.rank() == rank + 1) return t;
  Shape shape{t.size(0)};
  for (int k = t.rank() - 1; k < rank; ++k) shape.push_back(1);
  for (int k = 1; k < t.rank(); ++k) shape.push_back(t.size(k));
  return reshape(t, shape);
}

/// For `carried_scale` (autograd/second_order.h) of rules that treat all elements of a tangent alike: the scale stays
/// as it is, unless the output is larger than the input that varies.
inline std::optional<Tensor> same_scale(const autograd::Jvp& c) {
  for (int i = 0; i < c.num_inputs(); ++i) {
    if (c.has(i) && c.input(i).shape() == c.output().shape()) return c.scale();
  }
  return std::nullopt;
}

/// `shape` with the direction axis in front.
inline Shape with_directions(const autograd::Jvp& c, const Shape& shape) { return shape.inserted(0, c.directions()); }

/// An operation on batches [N, ...] for a tangent [directions, N, ...], whose directions and batch are one batch.
template <class Op>
Tensor each_direction(const Op& op, const Tensor& t) {
  Tensor y = apply(op, flatten(t, 0, 1));
  return reshape(y, y.shape().erased(0).inserted(0, t.size(1)).inserted(0, t.size(0)));
}

/// The sum of two tangents, either of which may be undefined (zero).
inline Tensor add_tangents(const Tensor& a, const Tensor& b) {
  if (!a.defined()) return b;
  if (!b.defined()) return a;
  return add(a, b);
}

}  // namespace gg
