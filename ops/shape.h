// Operations that move elements without computing: views, copies, padding, joining, and copies of another type or on
// another device. Each is linear, and the reverse rule of each is another one. Negative axes count from the end.
#pragma once

#include <initializer_list>
#include <limits>
#include <vector>

#include "core/scalar.h"
#include "core/tensor.h"
#include "ops/axes.h"

namespace gg {

/// The same elements in row-major order under another shape; one entry may be -1 (inferred). A view where strides
/// allow.
Tensor reshape(const Tensor& x, const Shape& shape);
/// Merges axes first … last into one.
Tensor flatten(const Tensor& x, int first = 0, int last = -1);
/// Inserts an axis of size 1 before `axis` (−rank−1 … rank).
Tensor unsqueeze(const Tensor& x, int axis);
/// Removes `axis`, whose size must be 1.
Tensor squeeze(const Tensor& x, int axis);
/// Repeats axes of size 1, and new axes in front, without copying.
Tensor expand(const Tensor& x, const Shape& shape);
/// Axis i of the result is axis axes[i] of x. A view.
Tensor permute(const Tensor& x, const Axes& axes);
/// Swaps two axes. A view.
Tensor transpose(const Tensor& x, int a = -2, int b = -1);

inline constexpr int64_t kEnd = std::numeric_limits<int64_t>::max();
/// Elements start, start+step, … before `end` along `axis`. Negative positions count from the end, as in NumPy; step
/// ≥ 1. A view.
Tensor slice(const Tensor& x, int axis, int64_t start, int64_t end = kEnd, int64_t step = 1);
/// Element `index` along `axis`, without that axis. A view.
Tensor select(const Tensor& x, int axis, int64_t index);
/// The adjoint of slice: zeros with `axis` of size `size`, and x at start, start+step, …
Tensor unslice(const Tensor& x, int axis, int64_t start, int64_t step, int64_t size);

struct Padding {
  int axis;
  int64_t before = 0, after = 0;
};
/// x with `value`, converted to x's type (a whole number for int64), put around it; widths for one axis add up.
Tensor pad(const Tensor& x, const std::vector<Padding>& padding, Scalar value = 0);

/// Joins tensors along an existing axis.
Tensor concat(const std::vector<Tensor>& tensors, int axis = 0);
/// Joins equally shaped tensors along a new axis.
Tensor stack(const std::vector<Tensor>& tensors, int axis = 0);
/// Cuts into pieces of `size` along an axis; the last may be shorter. Views.
std::vector<Tensor> split(const Tensor& x, int64_t size, int axis = 0);
/// Cuts into pieces of the given sizes, which must add up to the axis.
std::vector<Tensor> split(const Tensor& x, const std::vector<int64_t>& sizes, int axis = 0);

/// A copy with storage of its own, in x's axis order. Recorded.
Tensor clone(const Tensor& x);
/// x if it is row-major contiguous, else a contiguous copy.
Tensor contiguous(const Tensor& x);
/// x on another device (a copy unless it is there). Recorded.
Tensor to(const Tensor& x, Device device);
/// x as another element type (a copy unless it has it). From floating to int64 towards zero; NaN becomes 0, and what is
/// out of range the nearest int64. To bool: whether it is not zero. Recorded between floating types; a result of
/// another type has no history.
Tensor to(const Tensor& x, DType dtype);

}  // namespace gg
