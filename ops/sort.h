// Order: sort, the largest few, the median. Positions are int64 and constants; values are gathered at them, so
// gradients go to the elements that were taken, to any order. NaN is larger than everything, −0 equals 0, and equal
// elements keep their order. Scalars count as rows of one element. float32, float64, int64.
#pragma once

#include "core/tensor.h"

namespace gg {

struct Sorted {
  Tensor values, indices;
};

struct SortOptions {
  bool descending = false;
  bool stable = true;  ///< sorting is stable anyway; for those who want to say so
};
/// The elements in order along an axis, and where each of them stood.
Sorted sort(const Tensor& x, int axis = -1, const SortOptions& options = {});
Tensor argsort(const Tensor& x, int axis = -1, const SortOptions& options = {});

struct TopkOptions {
  bool largest = true;  ///< else the k smallest
  bool sorted = true;   ///< best first; else in the order of their positions
};
/// The k largest (smallest) elements along an axis. Of equal ones the first are taken.
Sorted topk(const Tensor& x, int64_t k, int axis = -1, const TopkOptions& options = {});

struct MedianOptions {
  bool keepdim = false;  ///< the axis stays, with size 1
};
/// The middle element along an axis, of an even number the lower of the two, as PyTorch has it; NaN where there is one.
Tensor median(const Tensor& x, int axis, const MedianOptions& options = {});
/// Over all elements.
Tensor median(const Tensor& x);

}  // namespace gg
