// Reductions over axes. No axes means all of them. Sums run in a fixed tree: bitwise the same for any number of
// threads.
#pragma once

#include "ops/shape.h"

namespace gg {

Tensor sum(const Tensor& x, const Axes& axes = {}, bool keepdim = false);
Tensor mean(const Tensor& x, const Axes& axes = {}, bool keepdim = false);
/// Mean squared deviation; divides by n − correction.
Tensor var(const Tensor& x, const Axes& axes = {}, double correction = 1, bool keepdim = false);
/// Sums over the axes along which `shape` was broadcast to x's shape.
Tensor sum_to(const Tensor& x, const Shape& shape);

/// Largest (smallest) element along one axis. The gradient goes to the first of equal elements. NaN wins.
Tensor max(const Tensor& x, int axis, bool keepdim = false);
Tensor min(const Tensor& x, int axis, bool keepdim = false);
/// Over all elements.
Tensor max(const Tensor& x);
Tensor min(const Tensor& x);
/// Position (int64) of the first largest (smallest) element along an axis. No gradient.
Tensor argmax(const Tensor& x, int axis, bool keepdim = false);
Tensor argmin(const Tensor& x, int axis, bool keepdim = false);

}  // namespace gg
