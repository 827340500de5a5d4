#include "ops/pool.h"

#include <utility>

#include "autograd/apply.h"
#include "core/dispatch.h"
#include "cpu/pool.h"
#include "cuda/pool_kernels.h"
#include "ops/images.h"
#include "ops/index.h"
#include "ops/shape.h"
#include "ops/tangent.h"

namespace gg {
namespace {

using detail::empty_resized;
using detail::resized;

Shape pooled(const Shape& s, const Pool2dOptions& o) {
  return resized(s, window_places(s[2], o, 0), window_places(s[3], o, 1));
}

struct AvgPool2dAdjoint {
  static constexpr const char* name = "avg_pool2d_adjoint";
  static constexpr unsigned saves = kSaveNothing;
  static constexpr bool zero_if_any_input_is_zero = true;
  static constexpr bool affine = true;
  Pool2dOptions o;
  int64_t height, width;
  Shape output_shape(const Tensor& g) const { return resized(g.shape(), height, width); }
  Tensor forward(const Tensor& g) const {
    Tensor out = empty_resized(g, height, width);
    GG_KERNEL(g.device(), avg_pool2d_adjoint, out.array(), g.array(), o);
    return out;
  }
  Tensors vjp(const Vjp& c) const { return {avg_pool2d(c.grad(), o)}; }
  Tensor jvp(const Jvp& c) const { return each_direction(*this, c.tangent(0)); }
};

struct AvgPool2d {
  static constexpr const char* name = "avg_pool2d";
  static constexpr unsigned saves = kSaveNothing;
  static constexpr bool zero_if_any_input_is_zero = true;
  static constexpr bool affine = true;
  Pool2dOptions o;
  Shape output_shape(const Tensor& x) const { return pooled(x.shape(), o); }
  Tensor forward(const Tensor& x) const {
    Shape s = output_shape(x);
    Tensor out = empty_resized(x, s[2], s[3]);
    GG_KERNEL(x.device(), avg_pool2d, out.array(), x.array(), o);
    return out;
  }
  Tensors vjp(const Vjp& c) const { return {apply(AvgPool2dAdjoint{o, c.shape(0)[2], c.shape(0)[3]}, c.grad())}; }
  Tensor jvp(const Jvp& c) const { return each_direction(*this, c.tangent(0)); }
};

struct NearestAdjoint {
  static constexpr const char* name = "interpolate_nearest_adjoint";
  static constexpr unsigned saves = kSaveNothing;
  static constexpr bool zero_if_any_input_is_zero = true;
  static constexpr bool affine = true;
  int64_t height, width;
  Shape output_shape(const Tensor& g) const { return resized(g.shape(), height, width); }
  Tensor forward(const Tensor& g) const {
    Tensor out = empty_resized(g, height, width);
    GG_KERNEL(g.device(), interpolate_nearest_adjoint, out.array(), g.array());
    return out;
  }
  Tensors vjp(const Vjp& c) const { return {interpolate_nearest(c.grad(), c.shape(0)[2], c.shape(0)[3])}; }
  Tensor jvp(const Jvp& c) const { return each_direction(*this, c.tangent(0)); }
};

struct Nearest {
  static constexpr const char* name = "interpolate_nearest";
  static constexpr unsigned saves = kSaveNothing;
  static constexpr bool zero_if_any_input_is_zero = true;
  static constexpr bool affine = true;
  int64_t height, width;
  Shape output_shape(const Tensor& x) const { return resized(x.shape(), height, width); }
  Tensor forward(const Tensor& x) const {
    Tensor out = empty_resized(x, height, width);
    GG_KERNEL(x.device(), interpolate_nearest, out.array(), x.array());
    return out;
  }
  Tensors vjp(const Vjp& c) const { return {apply(NearestAdjoint{c.shape(0)[2], c.shape(0)[3]}, c.grad())}; }
  Tensor jvp(const Jvp& c) const { return each_direction(*this, c.tangent(0)); }
};

// Linear in x once the positions are known: reading there, and adding there.
struct MaxPool2d {
  static constexpr const char* name = "max_pool2d";
  static constexpr unsigned saves = kSaveNothing;
  static constexpr bool zero_if_any_input_is_zero = true;
  static constexpr bool affine = true;
  Saved index;            // [N, C, OH·OW], places in planes
  Shape shape;            // of the result
  mutable Tensor values;  // which came with the positions, for the first to ask: what is recorded has none
  Shape output_shape(const Tensor&) const { return shape; }
  Tensor forward(const Tensor& x) const {
    return values.defined() ? std::exchange(values, {}) : reshape(gather(flatten(x, 2), -1, index.get(name)), shape);
  }
  Tensors vjp(const Vjp& c) const {
    const Shape& image = c.shape(0);
    const Tensor planes = symbolic_zeros({image[0], image[1], image[2] * image[3]}, c.grad().options());
    return {reshape(scatter_add(planes, -1, index.get(name), flatten(c.grad(), 2)), image)};
  }
  Tensor jvp(const Jvp& c) const {
    const Tensor& places = index.get(name);
    return reshape(gather(flatten(c.tangent(0), 3), -1, expand(places, with_directions(c, places.shape()))),
                   with_directions(c, shape));
  }
};

Pool2dOptions checked(const Tensor& x, Pool2dOptions o, const char* op) {
  detail::check_floating_image(x, op);
  for (int i = 0; i < 2; ++i) {
    if (o.stride[i] == 0) o.stride[i] = o.kernel[i];
    GG_CHECK(o.kernel[i] >= 1 && o.stride[i] >= 1 && o.dilation[i] >= 1, op,
             ": kernel, stride and dilation must be at least 1, got ", o.kernel[i], ", ", o.stride[i], ", ",
             o.dilation[i]);
    GG_CHECK(o.padding[i] >= 0 && 2 * o.padding[i] <= o.kernel[i], op,
             ": padding must be from 0 to half the kernel, got ", o.padding[i], " for kernel ", o.kernel[i]);
    GG_CHECK(window_places(x.size(2 + i), o, i) >= 1, op, ": the window is larger than the padded input ", x.shape());
  }
  return o;
}

}  // namespace

Tensor max_pool2d(const Tensor& x, const Pool2dOptions& options) {
  Pool2dOptions o = checked(x, options, "max_pool2d");
  Shape out = pooled(x.shape(), o);
  Tensor index = empty(out, {i64, x.device()}), values = empty(out, x.options());
  GG_KERNEL(x.device(), max_pool2d, values.array(), index.array(), x.detach().array(), o);
  return apply(MaxPool2d{Saved(flatten(index, 2)), out, values}, x);
}

Tensor avg_pool2d(const Tensor& x, const Pool2dOptions& options) {
  Pool2dOptions o = checked(x, options, "avg_pool2d");
  GG_CHECK(o.dilation == 1, "avg_pool2d: dilation is not supported");
  return apply(AvgPool2d{o}, x);
}

Tensor interpolate_nearest(const Tensor& x, int64_t height, int64_t width) {
  detail::check_resize(x, height, width, "interpolate_nearest");
  return apply(Nearest{height, width}, x);
}

}  // namespace gg
