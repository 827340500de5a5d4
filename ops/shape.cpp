#include "ops/shape.h"

#include <algorithm>

#include "autograd/apply.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/tangent.h"

namespace gg {
namespace {

using autograd::alias;

struct Reshape {
  static constexpr const char* name = "reshape";
  static constexpr unsigned saves = kSaveNothing;
  static constexpr bool zero_if_any_input_is_zero = true;
  static constexpr bool affine = true;
  static constexpr bool passes_image = true;
  Shape to;
  Shape output_shape(const Tensor&) const { return to; }
  Tensor forward(const Tensor& x) const {
    if (auto view = x.layout().reshaped(to)) return x.with_layout(*view);
    Tensor copy = raw::contiguous(x);
    return copy.with_layout(*copy.layout().reshaped(to));
  }
  Tensors vjp(const Vjp& c) const { return {reshape(c.grad(), c.shape(0))}; }
  Tensor jvp(const Jvp& c) const { return reshape(c.tangent(0), with_directions(c, to)); }
};

struct Expand {
  static constexpr const char* name = "expand";
  static constexpr unsigned saves = kSaveNothing;
  static constexpr bool zero_if_any_input_is_zero = true;
  static constexpr bool affine = true;
  Shape to;
  Shape output_shape(const Tensor&) const { return to; }
  Tensor forward(const Tensor& x) const { return x.with_layout(x.layout().expanded(to, name)); }
  Tensors vjp(const Vjp& c) const { return {c.grad()}; }  // the engine sums the repeated axes
  Tensor jvp(const Jvp& c) const { return expand(aligned_tangent(c, 0, to.rank()), with_directions(c, to)); }
};

struct Permute {
  static constexpr const char* name = "permute";
  static constexpr unsigned saves = kSaveNothing;
  static constexpr bool zero_if_any_input_is_zero = true;
  static constexpr bool affine = true;
  Axes axes;  // non-negative
  Shape output_shape(const Tensor& x) const { return x.layout().permuted(axes).shape; }
  Tensor forward(const Tensor& x) const { return x.with_layout(x.layout().permuted(axes)); }
  Tensors vjp(const Vjp& c) const {
    Axes inverse = axes;
    for (int i = 0; i < static_cast<int>(axes.size()); ++i) inverse[axes[i]] = i;
    return {permute(c.grad(), inverse)};
  }
  Tensor jvp(const Jvp& c) const {
    Axes lifted{0};
    for (int a : axes) lifted.push_back(a + 1);
    return permute(c.tangent(0), lifted);
  }
};

struct Slice {
  static constexpr const char* name = "slice";
  static constexpr unsigned saves = kSaveNothing;
  static constexpr bool zero_if_any_input_is_zero = true;
  static constexpr bool affine = true;
  int axis;  // from the end: negative
  int64_t start, length, step;
  Shape output_shape(const Tensor& x) const {
    Shape s = x.shape();
    s[s.rank() + axis] = length;
    return s;
  }
  Tensor forward(const Tensor& x) const {
    return x.with_layout(x.layout().sliced(x.rank() + axis, start, length, step));
  }
  Tensors vjp(const Vjp& c) const { return {unslice(c.grad(), axis, start, step, c.shape(0).at(axis))}; }
  Tensor jvp(const Jvp& c) const { return apply(*this, c.tangent(0)); }
};

struct Unslice {
  static constexpr const char* name = "unslice";
  static constexpr unsigned saves = kSaveNothing;
  static constexpr bool zero_if_any_input_is_zero = true;
  static constexpr bool affine = true;
  int axis;  // from the end: negative
  int64_t start, step, size;
  Shape output_shape(const Tensor& x) const {
    Shape s = x.shape();
    s[s.rank() + axis] = size;
    return s;
  }
  Tensor forward(const Tensor& x) const {
    Tensor out = raw::full(output_shape(x), 0, x.options());
    raw::copy_into(out.with_layout(out.layout().sliced(x.rank() + axis, start, x.size(axis), step)), x);
    return out;
  }
  Tensors vjp(const Vjp& c) const { return {apply(Slice{axis, start, c.shape(0).at(axis), step}, c.grad())}; }
  Tensor jvp(const Jvp& c) const { return apply(*this, c.tangent(0)); }
};

// x in a frame of one value, in one copy. The rules see the frame as a constant.
struct Pad {
  static constexpr const char* name = "pad";
  static constexpr unsigned saves = kSaveNothing;
  static constexpr bool affine = true;
  std::array<int64_t, kMaxRank> before{}, after{};  // by axis counted from the end, the last one first
  Scalar value = 0;
  Shape output_shape(const Tensor& x) const {
    Shape shape = x.shape();
    for (int i = 0; i < x.rank(); ++i) shape[x.rank() - 1 - i] += before[i] + after[i];
    return shape;
  }
  Tensor forward(const Tensor& x) const {
    Tensor out = full(output_shape(x), value, x.options());
    Layout inside = out.layout();
    for (int i = 0, axis = x.rank() - 1; axis >= 0; ++i, --axis) {
      inside = inside.sliced(axis, before[i], x.size(axis), 1);
    }
    raw::copy_into(out.with_layout(inside), x);
    return out;
  }
  Tensors vjp(const Vjp& c) const {
    Tensor g = c.grad();
    for (int i = 0, axis = g.rank() - 1; axis >= 0; ++i, --axis) {
      if (before[i] + after[i] > 0) g = slice(g, axis, before[i], before[i] + c.shape(0)[axis]);
    }
    return {g};
  }
  Tensor jvp(const Jvp& c) const {
    Pad by_zeros = *this;
    by_zeros.value = 0;
    return apply(by_zeros, c.tangent(0));
  }
};

struct Concat {
  static constexpr const char* name = "concat";
  static constexpr unsigned saves = kSaveNothing;
  static constexpr bool affine = true;
  int axis;  // from the end: negative
  std::vector<int64_t> sizes;
  Tensor forward(std::span<const Tensor> xs) const {
    Shape shape = xs[0].shape();
    int a = shape.rank() + axis;
    shape[a] = 0;
    for (int64_t s : sizes) shape[a] += s;
    Tensor out = empty(shape, xs[0].options());
    int64_t at = 0;
    for (const Tensor& x : xs) {
      raw::copy_into(out.with_layout(out.layout().sliced(a, at, x.size(a), 1)), x);
      at += x.size(a);
    }
    return out;
  }
  Tensors vjp(const Vjp& c) const {
    Tensors grads(sizes.size());
    int64_t at = 0;
    for (size_t i = 0; i < sizes.size(); ++i) {
      if (c.needs(static_cast<int>(i))) grads[i] = slice(c.grad(), axis, at, at + sizes[i]);
      at += sizes[i];
    }
    return grads;
  }
  Tensor jvp(const Jvp& c) const {
    std::vector<Tensor> parts;
    for (int i = 0; i < c.num_inputs(); ++i) {
      parts.push_back(c.has(i) ? c.tangent(i)
                               : symbolic_zeros(with_directions(c, c.input(i).shape()), c.input(i).options()));
    }
    return concat(parts, axis);
  }
};

struct Clone {
  static constexpr const char* name = "clone";
  static constexpr unsigned saves = kSaveNothing;
  static constexpr bool affine = true;
  Tensor forward(const Tensor& x) const { return raw::clone(x); }
  Tensors vjp(const Vjp& c) const { return {c.grad()}; }
  Tensor jvp(const Jvp& c) const { return clone(c.tangent(0)); }
};

struct Contiguous {
  static constexpr const char* name = "contiguous";
  static constexpr unsigned saves = kSaveNothing;
  static constexpr bool affine = true;
  Tensor forward(const Tensor& x) const { return raw::contiguous(x); }
  Tensors vjp(const Vjp& c) const { return {c.grad()}; }
  Tensor jvp(const Jvp& c) const { return contiguous(c.tangent(0)); }
};

struct Cast {
  static constexpr const char* name = "to_dtype";
  static constexpr unsigned saves = kSaveNothing;
  static constexpr bool zero_if_any_input_is_zero = true;
  static constexpr bool affine = true;
  DType from, dtype;
  Shape output_shape(const Tensor& x) const { return x.shape(); }
  TensorOptions output_options(const Tensor& x) const { return {dtype, x.device()}; }
  Tensor forward(const Tensor& x) const {
    Tensor out = empty_like(x, dtype);
    raw::copy_into(out, x);
    return out;
  }
  Tensors vjp(const Vjp& c) const { return {to(c.grad(), from)}; }
  Tensor jvp(const Jvp& c) const { return to(c.tangent(0), dtype); }
};

struct ToDevice {
  static constexpr const char* name = "to_device";
  static constexpr unsigned saves = kSaveNothing;
  static constexpr bool affine = true;
  Device from, device;
  Tensor forward(const Tensor& x) const { return raw::to_device(x, device); }
  Tensors vjp(const Vjp& c) const { return {to(c.grad(), from)}; }
  Tensor jvp(const Jvp& c) const { return to(c.tangent(0), device); }
};

}  // namespace

Tensor reshape(const Tensor& x, const Shape& shape) {
  Shape to = shape;
  int inferred = -1;
  for (int i = 0; i < to.rank(); ++i) {
    if (to[i] == -1) {
      GG_CHECK(inferred < 0, "reshape: only one size may be -1, got ", shape);
      inferred = i;
      to[i] = 1;
    } else {
      GG_CHECK(to[i] >= 0, "reshape: sizes must not be negative (one may be -1), got ", shape);
    }
  }
  const int64_t known = checked_numel(to);
  if (inferred >= 0) {
    GG_CHECK(known > 0 && x.numel() % known == 0, "reshape: ", x.shape(), " with ", x.numel(),
             " elements does not fit ", shape);
    to[inferred] = x.numel() / known;
  }
  GG_CHECK(inferred >= 0 || known == x.numel(), "reshape: ", x.shape(), " has ", x.numel(), " elements, ", to, " has ",
           known);
  if (to == x.shape()) return x;
  return apply(Reshape{to}, x);
}

Tensor flatten(const Tensor& x, int first, int last) {
  if (x.rank() == 0) return reshape(x, {1});
  first = normalize_axis(first, x.rank(), "flatten");
  last = normalize_axis(last, x.rank(), "flatten");
  GG_CHECK(first <= last, "flatten: first axis ", first, " comes after last axis ", last);
  Shape shape = x.shape().part(0, first);
  shape.push_back(x.shape().part(first, last + 1).numel());
  for (int i = last + 1; i < x.rank(); ++i) shape.push_back(x.size(i));
  return reshape(x, shape);
}

Tensor unsqueeze(const Tensor& x, int axis) {
  return reshape(x, x.shape().inserted(normalize_axis(axis, x.rank() + 1, "unsqueeze"), 1));
}

Tensor squeeze(const Tensor& x, int axis) {
  axis = normalize_axis(axis, x.rank(), "squeeze");
  GG_CHECK(x.size(axis) == 1, "squeeze: axis ", axis, " of ", x.shape(), " has size ", x.size(axis), ", expected 1");
  return reshape(x, x.shape().erased(axis));
}

Tensor expand(const Tensor& x, const Shape& shape) {
  if (shape == x.shape()) return x;
  x.layout().expanded(shape, Expand::name);  // checks, also for a symbolic zero
  return apply(Expand{shape}, x);
}

Tensor permute(const Tensor& x, const Axes& axes) {
  GG_CHECK(static_cast<int>(axes.size()) == x.rank(), "permute: ", axes.size(), " axes given for a tensor with ",
           x.rank(), " axes of shape ", x.shape());
  Axes positive;
  bool seen[kMaxRank] = {};
  for (int a : axes) {
    int p = normalize_axis(a, x.rank(), "permute");
    GG_CHECK(!seen[p], "permute: axis ", p, " is named twice");
    seen[p] = true;
    positive.push_back(p);
  }
  return apply(Permute{positive}, x);
}

Tensor transpose(const Tensor& x, int a, int b) {
  a = normalize_axis(a, x.rank(), "transpose");
  b = normalize_axis(b, x.rank(), "transpose");
  Axes axes;
  for (int i = 0; i < x.rank(); ++i) axes.push_back(i == a ? b : i == b ? a : i);
  return apply(Permute{axes}, x);
}

Tensor slice(const Tensor& x, int axis, int64_t start, int64_t end, int64_t step) {
  axis = normalize_axis(axis, x.rank(), "slice");
  GG_CHECK(step >= 1, "slice: step must be at least 1, got ", step);
  int64_t size = x.size(axis);
  auto clip = [&](int64_t p) { return std::clamp<int64_t>(p < 0 ? p + size : p, 0, size); };
  start = clip(start);
  end = std::max(clip(end), start);
  return apply(Slice{axis - x.rank(), start, (end - start + step - 1) / step, step}, x);
}

Tensor select(const Tensor& x, int axis, int64_t index) {
  axis = normalize_axis(axis, x.rank(), "select");
  int64_t size = x.size(axis), i = index < 0 ? index + size : index;
  GG_CHECK(i >= 0 && i < size, "select: index ", index, " is out of range for axis ", axis, " of ", x.shape());
  return squeeze(slice(x, axis, i, i + 1), axis);
}

Tensor unslice(const Tensor& x, int axis, int64_t start, int64_t step, int64_t size) {
  axis = normalize_axis(axis, x.rank(), "unslice");
  int64_t n = x.size(axis);
  GG_CHECK(start >= 0 && step >= 1 && (n == 0 || start + (n - 1) * step < size), "unslice: ", n,
           " elements from position ", start, " by step ", step, " do not fit an axis of size ", size);
  return apply(Unslice{axis - x.rank(), start, step, size}, x);
}

Tensor pad(const Tensor& x, const std::vector<Padding>& padding, Scalar value) {
  if (x.dtype() == i64) value.to_int64(Pad::name);
  Pad op{.value = value};
  for (const Padding& p : padding) {
    GG_CHECK(p.before >= 0 && p.after >= 0, "pad: widths must not be negative, got ", p.before, " and ", p.after);
    int from_end = x.rank() - 1 - normalize_axis(p.axis, x.rank(), Pad::name);
    op.before[from_end] += p.before;
    op.after[from_end] += p.after;
  }
  if (value.to_double() == 0 && x.is_symbolic_zero()) return symbolic_zeros(op.output_shape(x), x.options());
  return apply(op, x);
}

Tensor concat(const std::vector<Tensor>& tensors, int axis) {
  GG_CHECK(!tensors.empty(), "concat: no tensors were given");
  const Tensor& first = tensors[0];
  GG_CHECK(first.rank() > 0, "concat: scalars cannot be joined; use stack");
  axis = normalize_axis(axis, first.rank(), "concat");
  Concat op{axis - first.rank(), {}};
  for (const Tensor& t : tensors) {
    GG_CHECK(t.dtype() == first.dtype() && t.device() == first.device(), "concat: tensors of ", name_of(first.dtype()),
             " on ", first.device(), " and ", name_of(t.dtype()), " on ", t.device(), " do not mix");
    Shape same = t.shape();
    if (t.rank() == first.rank()) same[axis] = first.size(axis);
    GG_CHECK(same == first.shape(), "concat: shapes ", first.shape(), " and ", t.shape(), " differ outside axis ",
             axis);
    op.sizes.push_back(t.size(axis));
  }
  return apply_list(op, tensors);
}

Tensor stack(const std::vector<Tensor>& tensors, int axis) {
  std::vector<Tensor> lifted;
  for (const Tensor& t : tensors) lifted.push_back(unsqueeze(t, axis));
  return concat(lifted, axis);
}

std::vector<Tensor> split(const Tensor& x, int64_t size, int axis) {
  GG_CHECK(size >= 1, "split: the size of a piece must be at least 1, got ", size);
  std::vector<Tensor> parts;
  for (int64_t at = 0; at < x.size(axis); at += size)
    parts.push_back(slice(x, axis, at, std::min(at + size, x.size(axis))));
  return parts;
}

std::vector<Tensor> split(const Tensor& x, const std::vector<int64_t>& sizes, int axis) {
  std::vector<Tensor> parts;
  int64_t at = 0;
  for (int64_t s : sizes) {
    GG_CHECK(s >= 0, "split: sizes must not be negative, got ", s);
    parts.push_back(slice(x, axis, at, at + s));
    at += s;
  }
  GG_CHECK(at == x.size(axis), "split: sizes add up to ", at, ", axis ", axis, " of ", x.shape(), " has ",
           x.size(axis));
  return parts;
}

Tensor clone(const Tensor& x) { return apply(Clone{}, x); }

Tensor contiguous(const Tensor& x) { return x.is_contiguous() ? x : apply(Contiguous{}, x); }

Tensor to(const Tensor& x, Device device) {
  if (x.device() == device) return x;
  return apply(ToDevice{x.device(), device}, x);
}

Tensor to(const Tensor& x, DType dtype) {
  if (x.dtype() == dtype) return x;
  if (is_floating(x.dtype()) && is_floating(dtype)) return apply(Cast{x.dtype(), dtype}, x);
  return Cast{x.dtype(), dtype}.forward(x.detach());
}

}  // namespace gg
