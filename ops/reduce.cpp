#include "ops/reduce.h"

#include <algorithm>

#include "autograd/apply.h"
#include "core/dispatch.h"
#include "cpu/reduce.h"
#include "cuda/reduce_kernels.h"
#include "ops/at_zero.h"
#include "ops/creation.h"
#include "ops/curvature.h"
#include "ops/elementwise.h"
#include "ops/index.h"
#include "ops/shape.h"
#include "ops/tangent.h"

namespace gg {
namespace {

// Sorted, unique, counted from the end; all axes where none are named.
Axes reduced_axes(const Axes& axes, int rank, const char* op) {
  Axes out;
  if (axes.empty()) {
    for (int i = 0; i < rank; ++i) out.push_back(i - rank);
    return out;
  }
  for (int a : axes) out.push_back(normalize_axis(a, rank, op) - rank);
  std::sort(out.begin(), out.end());
  GG_CHECK(std::adjacent_find(out.begin(), out.end()) == out.end(), op, ": an axis is named twice");
  return out;
}

Shape kept_shape(const Shape& shape, const Axes& axes) {
  Shape kept = shape;
  for (int a : axes) kept[shape.rank() + a] = 1;
  return kept;
}

struct Sum {
  static constexpr const char* name = "sum";
  static constexpr unsigned saves = kSaveNothing;
  static constexpr bool zero_if_any_input_is_zero = true;
  static constexpr bool affine = true;
  Axes axes;  // counted from the end; axes of the result keep size 1
  Shape output_shape(const Tensor& x) const { return kept_shape(x.shape(), axes); }
  TensorOptions output_options(const Tensor& x) const { return {x.dtype() == boolean ? i64 : x.dtype(), x.device()}; }
  Tensor forward(const Tensor& x) const {
    Tensor out = empty(output_shape(x), output_options(x));
    GG_KERNEL(x.device(), sum, out.array(), x.array());
    return out;
  }
  Tensors vjp(const Vjp& c) const { return {expand(c.grad(), c.shape(0))}; }
  Tensor jvp(const Jvp& c) const { return apply(*this, c.tangent(0)); }
};

struct Variance {
  static constexpr const char* name = "var";
  static constexpr unsigned saves = kSaveInputs;
  static constexpr bool zero_if_any_input_is_zero = true;
  Axes axes;  // as those of Sum
  double divisor;
  Shape output_shape(const Tensor& x) const { return kept_shape(x.shape(), axes); }
  Tensor forward(const Tensor& x) const {
    Tensor out = empty(output_shape(x), x.options());
    GG_KERNEL(x.device(), var, out.array(), x.array(), divisor);
    return out;
  }
  Tensor centred(const Tensor& x) const { return x - mean(x, axes, {.keepdim = true}); }
  Tensors vjp(const Vjp& c) const { return {centred(c.input(0)) * (c.grad() * (2 / divisor))}; }
  Tensor jvp(const Jvp& c) const {
    return sum(centred(c.input(0)) * c.tangent(0), axes, {.keepdim = true}) * (2 / divisor);
  }
  Tensor curvature(const Jvp& c) const {
    const Tensor moved = centred(c.tangent(0));
    return sum(sum_products(moved, moved), axes, {.keepdim = true}) * (2 / divisor);
  }
};

Tensor drop_axes(const Tensor& x, const Axes& axes) {
  Shape shape;
  for (int i = 0; i < x.rank(); ++i) {
    if (std::find(axes.begin(), axes.end(), i - x.rank()) == axes.end()) shape.push_back(x.size(i));
  }
  return reshape(x, shape);
}

int64_t count(const Tensor& x, const Axes& axes) {
  int64_t n = 1;
  for (int a : axes) n *= x.size(a);
  return n;
}

// The product along an axis, which keeps size 1: the halves are multiplied with each other until one element is left.
Tensor product(Tensor x, int axis) {
  int64_t n = x.size(axis);
  if (n == 0) return sum(x, axis, {.keepdim = true}) + 1;
  Tensor odd;  // what was left over on the way
  for (; n > 1; n /= 2) {
    if (n % 2 != 0) {
      Tensor last = slice(x, axis, n - 1);
      odd = odd.defined() ? odd * last : last;
    }
    x = slice(x, axis, 0, n / 2) * slice(x, axis, n / 2, n / 2 * 2);
  }
  return odd.defined() ? x * odd : x;
}

// Positions of the extreme elements, with `axis` kept at size 1.
Tensor extreme_index(const Tensor& x, int axis, bool largest, const char* op) {
  axis = normalize_axis(axis, x.rank(), op);
  GG_CHECK(x.size(axis) > 0, op, ": axis ", axis, " of ", x.shape(), " is empty");
  Shape kept = x.shape();
  kept[axis] = 1;
  Tensor index = empty(kept, {i64, x.device()});
  Tensor bare = x.detach();
  if (largest) {
    GG_KERNEL(x.device(), max, Array{nullptr, x.dtype(), kept}, index.array(), bare.array(), axis);
  } else {
    GG_KERNEL(x.device(), min, Array{nullptr, x.dtype(), kept}, index.array(), bare.array(), axis);
  }
  return index;
}

Tensor with_axis(const Tensor& kept, int axis, const ReduceOptions& o) {
  return o.keepdim ? kept : squeeze(kept, axis);
}

Tensor extreme(const Tensor& x, int axis, const ReduceOptions& o, bool largest, const char* op) {
  return with_axis(gather(x, axis, extreme_index(x, axis, largest, op)), axis, o);
}

}  // namespace

Tensor sum(const Tensor& x, const Axes& axes, const ReduceOptions& o) {
  Axes over = reduced_axes(axes, x.rank(), "sum");
  Tensor kept = apply(Sum{over}, x);
  return o.keepdim ? kept : drop_axes(kept, over);
}

Tensor mean(const Tensor& x, const Axes& axes, const ReduceOptions& o) {
  GG_CHECK(is_floating(x.dtype()), "mean: expected a floating tensor, got ", name_of(x.dtype()));
  int64_t n = count(x, reduced_axes(axes, x.rank(), "mean"));
  return sum(x, axes, o) / n;
}

Tensor var(const Tensor& x, const Axes& axes, const VarOptions& o) {
  GG_CHECK(is_floating(x.dtype()), "var: expected a floating tensor, got ", name_of(x.dtype()));
  Axes over = reduced_axes(axes, x.rank(), "var");
  auto n = static_cast<double>(count(x, over));
  GG_CHECK(n > o.correction, "var: ", n, " elements with correction ", o.correction, " leave nothing to divide by");
  Tensor kept = apply(Variance{over, n - o.correction}, x);
  return o.keepdim ? kept : drop_axes(kept, over);
}

Tensor std(const Tensor& x, const Axes& axes, const VarOptions& o) {
  return detail::zero_at_zero(var(x, axes, o), [](const Tensor& v) { return sqrt(v); });
}

Tensor prod(const Tensor& x, const Axes& axes, const ReduceOptions& o) {
  Axes over = reduced_axes(axes, x.rank(), "prod");
  Tensor kept = x.dtype() == boolean ? to(x, i64) : x;
  for (int axis : over) kept = product(kept, axis);
  return o.keepdim ? kept : drop_axes(kept, over);
}

Tensor all(const Tensor& x, const Axes& axes, const ReduceOptions& o) {
  GG_CHECK(x.dtype() == boolean, "all: expected a bool tensor, got ", name_of(x.dtype()), "; compare it first");
  int64_t n = count(x, reduced_axes(axes, x.rank(), "all"));
  return eq(sum(x, axes, o), full({}, n, {i64, x.device()}));
}

Tensor any(const Tensor& x, const Axes& axes, const ReduceOptions& o) {
  GG_CHECK(x.dtype() == boolean, "any: expected a bool tensor, got ", name_of(x.dtype()), "; compare it first");
  reduced_axes(axes, x.rank(), "any");
  return ne(sum(x, axes, o), full({}, 0, {i64, x.device()}));
}

Tensor sum_to(const Tensor& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  Axes axes;
  int lead = x.rank() - shape.rank();
  for (int i = 0; i < x.rank(); ++i) {
    if (i < lead || (shape[i - lead] == 1 && x.size(i) != 1)) axes.push_back(i - x.rank());
  }
  return reshape(axes.empty() ? x : apply(Sum{axes}, x), shape);
}

Tensor max(const Tensor& x, int axis, const ReduceOptions& o) { return extreme(x, axis, o, true, "max"); }
Tensor min(const Tensor& x, int axis, const ReduceOptions& o) { return extreme(x, axis, o, false, "min"); }
Tensor max(const Tensor& x) { return max(flatten(x), 0); }
Tensor min(const Tensor& x) { return min(flatten(x), 0); }

Tensor argmax(const Tensor& x, int axis, const ReduceOptions& o) {
  return with_axis(extreme_index(x, axis, true, "argmax"), axis, o);
}

Tensor argmin(const Tensor& x, int axis, const ReduceOptions& o) {
  return with_axis(extreme_index(x, axis, false, "argmin"), axis, o);
}

}  // namespace gg
