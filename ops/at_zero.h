// Functions whose derivative at 0 is infinite or undefined, made safe: 0 there, with all derivatives 0.
#pragma once

#include "ops/creation.h"
#include "ops/elementwise.h"

namespace gg::detail {

/// Where x is 0. No gradient.
inline Tensor is_zero(const Tensor& x) { return eq(x, full({}, 0, x.options())); }

/// `otherwise` where not `condition`; there `value`.
inline Tensor with_value(const Tensor& condition, double value, const Tensor& otherwise) {
  return where(condition, full({}, value, otherwise.options()), otherwise);
}

/// fn(x) where x is not 0; where it is, 0 with all derivatives 0. fn must be finite, with its derivatives, at 1.
template <class Fn>
Tensor zero_at_zero(const Tensor& x, const Fn& fn) {
  const Tensor zero = is_zero(x);
  return with_value(zero, 0, fn(with_value(zero, 1, x)));
}

}  // namespace gg::detail
