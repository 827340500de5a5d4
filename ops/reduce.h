// Reductions over axes: sum(x), sum(x, 0), mean(x, {0, 2}, {.keepdim = true}). No axes means all of them. Sums run in a
// fixed tree: bitwise the same for any number of threads.
#pragma once

#include "core/tensor.h"
#include "ops/axes.h"

namespace gg {

struct ReduceOptions {
  bool keepdim = false;  ///< axes that were reduced stay, with size 1
};

/// Of bool tensors the int64 count.
Tensor sum(const Tensor& x, const Axes& axes = {}, const ReduceOptions& options = {});
Tensor mean(const Tensor& x, const Axes& axes = {}, const ReduceOptions& options = {});

struct VarOptions {
  double correction = 1;  ///< 0 for the mean squared deviation itself
  bool keepdim = false;
};
/// Sum of squared deviations from the mean, divided by n − correction.
Tensor var(const Tensor& x, const Axes& axes = {}, const VarOptions& options = {});

/// Sums over the axes along which `shape` was broadcast to x's shape.
Tensor sum_to(const Tensor& x, const Shape& shape);

/// Largest (smallest) element along one axis. The gradient goes to the first of equal elements. NaN wins.
Tensor max(const Tensor& x, int axis, const ReduceOptions& options = {});
Tensor min(const Tensor& x, int axis, const ReduceOptions& options = {});
/// Over all elements.
Tensor max(const Tensor& x);
Tensor min(const Tensor& x);
/// Position (int64) of the first largest (smallest) element along an axis. No gradient.
Tensor argmax(const Tensor& x, int axis, const ReduceOptions& options = {});
Tensor argmin(const Tensor& x, int axis, const ReduceOptions& options = {});

}  // namespace gg
