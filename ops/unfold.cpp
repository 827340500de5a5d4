#include "ops/unfold.h"

#include "autograd/apply.h"
#include "core/dispatch.h"
#include "cpu/conv2d.h"
#include "cuda/conv2d.h"
#include "ops/shape.h"
#include "ops/tangent.h"

namespace gg {
namespace {

struct Windows {
  Size2 kernel;
  Conv2dOptions o;
  int64_t places(const Size2& size) const {
    return window_places(size.height, kernel.height, o, 0) * window_places(size.width, kernel.width, o, 1);
  }
  int64_t taps() const { return kernel.height * kernel.width; }
};

struct Unfold {
  static constexpr const char* name = "unfold";
  static constexpr unsigned saves = kSaveNothing;
  static constexpr bool zero_if_any_input_is_zero = true;
  static constexpr bool affine = true;
  Windows windows;
  Shape output_shape(const Tensor& x) const {
    return {x.size(0), x.size(1) * windows.taps(), windows.places({x.size(2), x.size(3)})};
  }
  Tensor forward(const Tensor& x) const {
    Tensor out = empty(output_shape(x), x.options());
    GG_KERNEL(x.device(), unfold, out.array(), x.array(), windows.kernel, windows.o);
    return out;
  }
  Tensors vjp(const Vjp& c) const;
  Tensor jvp(const Jvp& c) const { return each_direction(*this, c.tangent(0)); }
};

struct Fold {
  static constexpr const char* name = "fold";
  static constexpr unsigned saves = kSaveNothing;
  static constexpr bool zero_if_any_input_is_zero = true;
  static constexpr bool affine = true;
  Windows windows;
  Size2 size;
  Shape output_shape(const Tensor& columns) const {
    return {columns.size(0), columns.size(1) / windows.taps(), size.height, size.width};
  }
  Tensor forward(const Tensor& columns) const {
    Tensor from = raw::contiguous(columns), out = empty(output_shape(columns), columns.options());
    GG_KERNEL(columns.device(), fold, out.array(), from.array(), windows.kernel, windows.o);
    return out;
  }
  Tensors vjp(const Vjp& c) const { return {apply(Unfold{windows}, c.grad())}; }
  Tensor jvp(const Jvp& c) const { return each_direction(*this, c.tangent(0)); }
};

Tensors Unfold::vjp(const Vjp& c) const { return {apply(Fold{windows, {c.shape(0)[2], c.shape(0)[3]}}, c.grad())}; }

Windows checked(Size2 kernel, const UnfoldOptions& o, Size2 size, const char* op) {
  for (int i = 0; i < 2; ++i) {
    GG_CHECK(kernel[i] >= 1 && o.stride[i] >= 1 && o.dilation[i] >= 1 && o.padding[i] >= 0, op,
             ": kernel, stride and dilation must be at least 1 and padding at least 0, got ", kernel[i], ", ",
             o.stride[i], ", ", o.dilation[i], " and ", o.padding[i]);
  }
  Windows windows{kernel, {.stride = o.stride, .padding = o.padding, .dilation = o.dilation}};
  GG_CHECK(windows.places(size) >= 1, op, ": the window ", to_string(kernel), " is larger than the padded image ",
           size.height, " x ", size.width);
  return windows;
}

}  // namespace

Tensor unfold(const Tensor& x, Size2 kernel, const UnfoldOptions& o) {
  GG_CHECK(x.rank() == 4 && is_floating(x.dtype()), "unfold: expected a floating tensor [N,C,H,W], got ",
           name_of(x.dtype()), " ", x.shape());
  return apply(Unfold{checked(kernel, o, {x.size(2), x.size(3)}, "unfold")}, x);
}

Tensor fold(const Tensor& columns, Size2 size, Size2 kernel, const UnfoldOptions& o) {
  GG_CHECK(columns.rank() == 3 && is_floating(columns.dtype()),
           "fold: expected a floating tensor [N,C·kh·kw,places], got ", name_of(columns.dtype()), " ", columns.shape());
  Windows windows = checked(kernel, o, size, "fold");
  GG_CHECK(columns.size(1) % windows.taps() == 0, "fold: ", columns.size(1), " rows of columns do not divide by the ",
           windows.taps(), " elements of a window ", to_string(kernel));
  GG_CHECK(columns.size(2) == windows.places(size), "fold: windows ", to_string(kernel), " have ", windows.places(size),
           " places in an image ", size.height, " x ", size.width, ", got ", columns.size(2), " columns");
  return apply(Fold{windows, size}, columns);
}

}  // namespace gg
