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

/// The square root of var. Its derivatives are 0 where the variance is 0, as in PyTorch, to any order. Under `using
/// namespace gg` it is called gg::std, since std is a namespace too.
Tensor std(const Tensor& x, const Axes& axes = {}, const VarOptions& options = {});

/// Product of the elements; 1 of none. Formed by halving axes: nothing is divided, so derivatives of any order are
/// right where elements are 0. Of bool tensors int64.
Tensor prod(const Tensor& x, const Axes& axes = {}, const ReduceOptions& options = {});

/// Whether all (any) elements of a bool tensor are true; of no elements, true (false). No gradient.
Tensor all(const Tensor& x, const Axes& axes = {}, const ReduceOptions& options = {});
Tensor any(const Tensor& x, const Axes& axes = {}, const ReduceOptions& options = {});

struct NormOptions {
  double p = 2;    ///< any number, also 0, +∞ and −∞
  double eps = 0;  ///< for p = 2: √(Σx² + eps), which is smooth everywhere
  bool keepdim = false;
};
/// The vector norm (Σ|x|ᵖ)^(1/p) over axes, all by default; p = ±∞: the largest (smallest) |x|; p = 0: how many are not
/// 0, without a gradient. Negative p give 0 where an element is 0. Over no elements the norm is 0 for finite p ≥ 0, and
/// an error for others.
///
/// Where the result is 0, all its derivatives are 0, and elements that are 0 get none of any order, except for even
/// whole p, which are smooth there. At p = ±∞ the gradient goes to the first of equals (PyTorch divides it). p = 2 sums
/// plain squares, as PyTorch does: float32 elements beyond 1e19 give inf, and those below 1e-23 count as 0; for other p
/// but 1 the elements are scaled first, and only a result out of range overflows.
Tensor norm(const Tensor& x, const Axes& axes = {}, const NormOptions& options = {});

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
