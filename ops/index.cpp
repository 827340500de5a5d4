#include "ops/index.h"

#include "autograd/apply.h"
#include "core/dispatch.h"
#include "cpu/index.h"
#include "cuda/index_kernels.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/elementwise_run.h"
#include "ops/shape.h"
#include "ops/tangent.h"

namespace gg {
namespace {

// The positions are a data member, not an input: nothing is ever differentiated with respect to them. They are Saved,
// since the rules read them, too.
struct IndexSelect {
  static constexpr const char* name = "index_select";
  static constexpr unsigned saves = kSaveNothing;
  static constexpr bool zero_if_any_input_is_zero = true;
  static constexpr bool affine = true;
  int axis;  // from the end
  Saved index;
  Shape output_shape(const Tensor& x) const {
    Shape s = x.shape();
    s[s.rank() + axis] = index.get(name).numel();
    return s;
  }
  Tensor forward(const Tensor& x) const {
    Tensor out = empty(output_shape(x), x.options());
    GG_KERNEL(x.device(), index_select, out.array(), x.array(), index.get(name).array(), x.rank() + axis);
    return out;
  }
  Tensors vjp(const Vjp& c) const { return {index_add_zeros(c.grad(), axis, index.get(name), c.shape(0).at(axis))}; }
  Tensor jvp(const Jvp& c) const { return apply(*this, c.tangent(0)); }
};

struct IndexAdd {
  static constexpr const char* name = "index_add";
  static constexpr unsigned saves = kSaveNothing;
  static constexpr bool zero_if_any_input_is_zero = true;
  static constexpr bool affine = true;
  int axis;  // from the end
  Saved index;
  int64_t size;
  Shape output_shape(const Tensor& x) const {
    Shape s = x.shape();
    s[s.rank() + axis] = size;
    return s;
  }
  Tensor forward(const Tensor& x) const {
    Tensor out = raw::full(output_shape(x), 0, x.options());
    GG_KERNEL(x.device(), index_add, out.array(), x.array(), index.get(name).array(), x.rank() + axis);
    return out;
  }
  Tensors vjp(const Vjp& c) const { return {index_select(c.grad(), axis, index.get(name))}; }
  Tensor jvp(const Jvp& c) const { return apply(*this, c.tangent(0)); }
};

// The index of a gather for every direction of a tangent.
Saved repeated(const Tensor& index, int64_t directions) {
  return Saved(expand(index, index.shape().inserted(0, directions)));
}

struct Gather {
  static constexpr const char* name = "gather";
  static constexpr unsigned saves = kSaveNothing;
  static constexpr bool zero_if_any_input_is_zero = true;
  static constexpr bool affine = true;
  int axis;  // from the end
  Saved index;
  Shape output_shape(const Tensor&) const { return index.get(name).shape(); }
  Tensor forward(const Tensor& x) const {
    Tensor out = empty(index.get(name).shape(), x.options());
    GG_KERNEL(x.device(), gather, out.array(), x.array(), index.get(name).array(), x.rank() + axis);
    return out;
  }
  Tensors vjp(const Vjp& c) const;
  Tensor jvp(const Jvp& c) const {
    return apply(Gather{axis, repeated(index.get(name), c.directions())}, c.tangent(0));
  }
};

struct ScatterAdd {
  static constexpr const char* name = "scatter_add";
  static constexpr unsigned saves = kSaveNothing;
  static constexpr bool zero_if_any_input_is_zero = true;
  static constexpr bool affine = true;
  int axis;  // from the end
  Saved index;
  Shape shape;  // of the result
  Shape output_shape(const Tensor&) const { return shape; }
  Tensor forward(const Tensor& x) const {
    Tensor out = raw::full(shape, 0, x.options());
    GG_KERNEL(x.device(), scatter_add, out.array(), x.array(), index.get(name).array(), x.rank() + axis);
    return out;
  }
  Tensors vjp(const Vjp& c) const { return {apply(Gather{axis, index}, c.grad())}; }
  Tensor jvp(const Jvp& c) const {
    return apply(ScatterAdd{axis, repeated(index.get(name), c.directions()), with_directions(c, shape)}, c.tangent(0));
  }
};

Tensors Gather::vjp(const Vjp& c) const { return {apply(ScatterAdd{axis, index, c.shape(0)}, c.grad())}; }

void check_index(const Tensor& x, const Tensor& index, const char* op) {
  GG_CHECK(index.dtype() == i64, op, ": positions must be int64, got ", name_of(index.dtype()));
  GG_CHECK(index.device() == x.device(), op, ": positions are on ", index.device(), ", the tensor on ", x.device());
}

void check_vector(const Tensor& x, const Tensor& index, const char* op) {
  check_index(x, index, op);
  GG_CHECK(index.rank() == 1, op, ": positions must be one-dimensional, got shape ", index.shape());
}

void check_gather(const Shape& x, const Tensor& index, int axis, const char* op) {
  GG_CHECK(index.rank() == x.rank(), op, ": positions of shape ", index.shape(), " and a tensor of shape ", x,
           " must have the same number of axes");
  for (int i = 0; i < x.rank(); ++i) {
    GG_CHECK(i == axis || index.size(i) <= x[i], op, ": positions of shape ", index.shape(), " exceed ", x, " on axis ",
             i);
  }
}

}  // namespace

Tensor index_select(const Tensor& x, int axis, const Tensor& index) {
  axis = normalize_axis(axis, x.rank(), "index_select");
  check_vector(x, index, "index_select");
  return apply(IndexSelect{axis - x.rank(), Saved(index)}, x);
}

Tensor index_add_zeros(const Tensor& x, int axis, const Tensor& index, int64_t size) {
  axis = normalize_axis(axis, x.rank(), "index_add");
  check_vector(x, index, "index_add");
  GG_CHECK(x.size(axis) == index.numel(), "index_add: ", index.numel(), " positions for ", x.size(axis),
           " slices along axis ", axis, " of ", x.shape());
  return apply(IndexAdd{axis - x.rank(), Saved(index), size}, x);
}

Tensor index_add(const Tensor& x, int axis, const Tensor& index, const Tensor& source) {
  axis = normalize_axis(axis, x.rank(), "index_add");
  detail::check_same("index_add", x, source);
  check_vector(x, index, "index_add");
  Shape expected = x.shape();
  expected[axis] = index.numel();
  GG_CHECK(source.shape() == expected, "index_add: ", index.numel(), " positions along axis ", axis, " of ", x.shape(),
           " need a source of shape ", expected, ", got ", source.shape());
  return x + index_add_zeros(source, axis, index, x.size(axis));
}

Tensor gather(const Tensor& x, int axis, const Tensor& index) {
  axis = normalize_axis(axis, x.rank(), "gather");
  check_index(x, index, "gather");
  check_gather(x.shape(), index, axis, "gather");
  return apply(Gather{axis - x.rank(), Saved(index)}, x);
}

Tensor take_along_dim(const Tensor& x, const Tensor& index, int axis) {
  axis = normalize_axis(axis, x.rank(), "take_along_dim");
  check_index(x, index, "take_along_dim");
  GG_CHECK(index.rank() == x.rank(), "take_along_dim: positions of shape ", index.shape(), " and a tensor of shape ",
           x.shape(), " must have the same number of axes");
  Shape from = x.shape(), at = index.shape();
  for (int i = 0; i < x.rank(); ++i) {
    if (i == axis || from[i] == at[i]) continue;
    GG_CHECK(from[i] == 1 || at[i] == 1, "take_along_dim: positions of shape ", index.shape(),
             " and a tensor of shape ", x.shape(), " do not broadcast on axis ", i);
    from[i] = at[i] = from[i] == 1 ? at[i] : from[i];
  }
  return gather(expand(x, from), axis, expand(index, at));
}

Tensor scatter_add(const Tensor& x, int axis, const Tensor& index, const Tensor& source) {
  axis = normalize_axis(axis, x.rank(), "scatter_add");
  detail::check_same("scatter_add", x, source);
  check_index(x, index, "scatter_add");
  check_gather(x.shape(), index, axis, "scatter_add");
  GG_CHECK(index.shape() == source.shape(), "scatter_add: positions of shape ", index.shape(),
           " for a source of shape ", source.shape());
  return x + apply(ScatterAdd{axis - x.rank(), Saved(index), x.shape()}, source);
}

Tensor embedding(const Tensor& weight, const Tensor& index, const LookupOptions& o) {
  GG_CHECK(weight.rank() == 2, "embedding: the table must be [n, d], got shape ", weight.shape());
  check_index(weight, index, "embedding");
  Shape shape = index.shape();
  shape.push_back(weight.size(1));
  const Tensor rows = reshape(index_select(weight, 0, reshape(index, {index.numel()})), shape);
  if (!o.padding_idx) return rows;
  const int64_t n = weight.size(0), padding = *o.padding_idx < 0 ? *o.padding_idx + n : *o.padding_idx;
  GG_CHECK(padding >= 0 && padding < n, "embedding: padding_idx must be one of ", n, " rows, got ", *o.padding_idx);
  return where(unsqueeze(ne(index, full({}, padding, index.options())), -1), rows, rows.detach());
}

}  // namespace gg
