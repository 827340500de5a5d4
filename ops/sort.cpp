#include "ops/sort.h"

#include "core/dispatch.h"
#include "cpu/sort.h"
#include "cuda/sort.h"
#include "ops/elementwise.h"
#include "ops/index.h"
#include "ops/shape.h"

namespace gg {
namespace {

void check_sortable(const Tensor& x, const char* op) {
  GG_CHECK(x.dtype() != boolean, op, ": not defined for bool; convert it to int64 first");
}

// The positions of the first k along `axis`; a view that has the axis innermost in memory.
Tensor first_in_order(const Tensor& x, int axis, int64_t k, bool descending) {
  const Tensor rows = transpose(x.detach(), axis, -1);
  Shape shape = rows.shape();
  shape[shape.rank() - 1] = k;
  Tensor indices = empty(shape, {i64, x.device()});
  GG_KERNEL(x.device(), argsort, indices.array(), rows.array(), descending);
  return transpose(indices, axis, -1);
}

// Gathers along the axis as it lies in the indices, so that both are read and written in runs.
Tensor taken(const Tensor& x, int axis, const Tensor& indices) {
  return transpose(gather(transpose(x, axis, -1), -1, transpose(indices, axis, -1)), axis, -1);
}

// A scalar is a row of one element.
template <class Fn>
Sorted as_vector(const Tensor& x, const Fn& fn) {
  Sorted s = fn(reshape(x, {1}));
  return Sorted{reshape(s.values, {}), reshape(s.indices, {})};
}

}  // namespace

Sorted sort(const Tensor& x, int axis, const SortOptions& o) {
  check_sortable(x, "sort");
  if (x.rank() == 0) {
    normalize_axis(axis, 1, "sort");
    return as_vector(x, [&](const Tensor& row) { return sort(row, 0, o); });
  }
  axis = normalize_axis(axis, x.rank(), "sort");
  const Tensor indices = first_in_order(x, axis, x.size(axis), o.descending);
  return {taken(x, axis, indices), indices};
}

Tensor argsort(const Tensor& x, int axis, const SortOptions& o) {
  check_sortable(x, "argsort");
  if (x.rank() == 0) {
    normalize_axis(axis, 1, "argsort");
    return reshape(argsort(reshape(x, {1}), 0, o), {});
  }
  axis = normalize_axis(axis, x.rank(), "argsort");
  return first_in_order(x, axis, x.size(axis), o.descending);
}

Sorted topk(const Tensor& x, int64_t k, int axis, const TopkOptions& o) {
  check_sortable(x, "topk");
  if (x.rank() == 0) {
    normalize_axis(axis, 1, "topk");
    GG_CHECK(k == 1, "topk: a scalar has 1 element to take, got k = ", k);
    return as_vector(x, [&](const Tensor& row) { return topk(row, 1, 0, o); });
  }
  axis = normalize_axis(axis, x.rank(), "topk");
  GG_CHECK(k >= 0 && k <= x.size(axis), "topk: ", k, " elements of axis ", axis, " of ", x.shape(), ", which has ",
           x.size(axis));
  Tensor indices = first_in_order(x, axis, k, o.largest);
  if (!o.sorted) indices = sort(indices, axis).values;
  return {taken(x, axis, indices), indices};
}

Tensor median(const Tensor& x, int axis, const MedianOptions& o) {
  check_sortable(x, "median");
  if (x.rank() == 0) {
    normalize_axis(axis, 1, "median");
    return reshape(median(reshape(x, {1}), 0), {});
  }
  axis = normalize_axis(axis, x.rank(), "median");
  const int64_t n = x.size(axis);
  GG_CHECK(n > 0, "median: axis ", axis, " of ", x.shape(), " is empty");
  const Tensor order = first_in_order(x, axis, n, false);
  Tensor index = slice(order, axis, (n - 1) / 2, (n - 1) / 2 + 1);
  if (is_floating(x.dtype())) {  // NaN is last
    const Tensor last = slice(order, axis, n - 1), largest = gather(x.detach(), axis, last);
    index = where(ne(largest, largest), last, index);
  }
  const Tensor kept = gather(x, axis, index);
  return o.keepdim ? kept : squeeze(kept, axis);
}

Tensor median(const Tensor& x) { return median(flatten(x), 0); }

}  // namespace gg
