#include "ops/conv2d.h"

#include "autograd/apply.h"
#include "core/conv2d_arrays.h"
#include "core/dispatch.h"
#include "cpu/conv2d.h"
#include "cuda/conv2d.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/tangent.h"

namespace gg {
namespace {

Shape output_of(const Shape& x, const Shape& w, const Conv2dOptions& o) {
  return {x[0], w[0], window_places(x[2], w[2], o, 0), window_places(x[3], w[3], o, 1)};
}

// Where a result goes. The CPU's float kernels work on channels-last images, and what follows keeps the order, so a
// network turns its images once; other kernels have no preference, and keep that of the input.
Tensor empty_image(const Shape& shape, const Tensor& input, const Conv2dOptions& o) {
  const bool last = input.device().is_cpu() && input.dtype() == f32 && o.groups == 1;
  return empty(shape, input.options())
      .with_layout(last ? image_layout(shape, true) : Layout::dense_like(shape, input.layout()));
}

// A tangent [k, N, ...] as a batch of k·N, through fn, and back. For the operand along whose batch axis the operation
// is independent.
template <class Fn>
Tensor through_batch(const Tensor& t, const Fn& fn) {
  Tensor y = fn(flatten(t, 0, 1));
  return reshape(y, y.shape().erased(0).inserted(0, t.size(1)).inserted(0, t.size(0)));
}

// One direction after the other, for the operand that all samples share.
template <class Fn>
Tensor per_direction(const Tensor& t, const Fn& fn) {
  std::vector<Tensor> parts;
  for (int64_t k = 0; k < t.size(0); ++k) parts.push_back(fn(select(t, 0, k)));
  return stack(parts, 0);
}

// The kernels of the CPU add a bias [channels] while the result is in the cache; for those of other devices this does.
Tensor plus_bias(const Tensor& y, const Tensor& b) { return b.defined() ? y + reshape(b, {b.size(0), 1, 1}) : y; }

struct Conv2d {
  static constexpr const char* name = "conv2d";
  static constexpr unsigned saves = kSaveInputs;
  static constexpr bool zero_if_any_input_is_zero = true;
  static constexpr bool bilinear = true;
  Conv2dOptions o;
  Shape output_shape(const Tensor& x, const Tensor& w) const { return output_of(x.shape(), w.shape(), o); }
  Tensor forward(const Tensor& x, const Tensor& w, const Tensor& b = {}) const {
    Tensor out = empty_image(output_shape(x, w), x, o);
    if (b.defined() && out.device().is_cpu()) {
      GG_CPU_KERNEL(Device(), conv2d_forward, out.array(), x.array(), w.array(), o, contiguous(b).array());
      return out;
    }
    GG_KERNEL(out.device(), conv2d_forward, out.array(), x.array(), w.array(), o);
    return plus_bias(out, b);
  }
  Tensors vjp(const Vjp& c) const {
    return {c.needs(0) ? conv2d_input_grad(c.grad(), c.input(1), c.shape(0), o) : Tensor(),
            c.needs(1) ? conv2d_weight_grad(c.input(0), c.grad(), c.shape(1), o) : Tensor()};
  }
  Tensor jvp(const Jvp& c) const {
    return add_tangents(
        c.has(0) ? through_batch(c.tangent(0), [&](const Tensor& x) { return conv2d(x, c.input(1), {}, o); })
                 : Tensor(),
        c.has(1) ? per_direction(c.tangent(1), [&](const Tensor& w) { return conv2d(c.input(0), w, {}, o); })
                 : Tensor());
  }
};

struct Conv2dInputGrad {
  static constexpr const char* name = "conv2d_input_grad";
  static constexpr unsigned saves = kSaveInputs;
  static constexpr bool zero_if_any_input_is_zero = true;
  static constexpr bool bilinear = true;
  Conv2dOptions o;
  int64_t height, width;
  Shape output_shape(const Tensor& g, const Tensor& w) const {
    return {g.size(0), w.size(1) * o.groups, height, width};
  }
  Tensor forward(const Tensor& g, const Tensor& w, const Tensor& b = {}) const {
    Tensor out = empty_image(output_shape(g, w), g, o);
    if (b.defined() && out.device().is_cpu()) {
      GG_CPU_KERNEL(Device(), conv2d_input_grad, out.array(), g.array(), w.array(), o, contiguous(b).array());
      return out;
    }
    GG_KERNEL(out.device(), conv2d_input_grad, out.array(), g.array(), w.array(), o);
    return plus_bias(out, b);
  }
  Tensors vjp(const Vjp& c) const {
    return {c.needs(0) ? conv2d(c.grad(), c.input(1), {}, o) : Tensor(),
            c.needs(1) ? conv2d_weight_grad(c.grad(), c.input(0), c.shape(1), o) : Tensor()};
  }
  Tensor jvp(const Jvp& c) const {
    auto run = [&](const Tensor& g, const Tensor& w) { return apply(*this, g, w); };
    return add_tangents(
        c.has(0) ? through_batch(c.tangent(0), [&](const Tensor& g) { return run(g, c.input(1)); }) : Tensor(),
        c.has(1) ? per_direction(c.tangent(1), [&](const Tensor& w) { return run(c.input(0), w); }) : Tensor());
  }
};

struct Conv2dWeightGrad {
  static constexpr const char* name = "conv2d_weight_grad";
  static constexpr unsigned saves = kSaveInputs;
  static constexpr bool zero_if_any_input_is_zero = true;
  static constexpr bool bilinear = true;
  Conv2dOptions o;
  Shape weight;
  Shape output_shape(const Tensor&, const Tensor&) const { return weight; }
  Tensor forward(const Tensor& x, const Tensor& g) const {
    Tensor out = empty(weight, x.options());
    GG_KERNEL(x.device(), conv2d_weight_grad, out.array(), x.array(), g.array(), o);
    return out;
  }
  Tensors vjp(const Vjp& c) const {
    return {c.needs(0) ? conv2d_input_grad(c.input(1), c.grad(), c.shape(0), o) : Tensor(),
            c.needs(1) ? conv2d(c.input(0), c.grad(), {}, o) : Tensor()};
  }
  Tensor jvp(const Jvp& c) const {
    auto run = [&](const Tensor& x, const Tensor& g) { return apply(*this, x, g); };
    return add_tangents(
        c.has(0) ? per_direction(c.tangent(0), [&](const Tensor& x) { return run(x, c.input(1)); }) : Tensor(),
        c.has(1) ? per_direction(c.tangent(1), [&](const Tensor& g) { return run(c.input(0), g); }) : Tensor());
  }
};

void check_options(const Conv2dOptions& o, const char* op) {
  for (int i = 0; i < 2; ++i) {
    GG_CHECK(o.stride[i] >= 1 && o.dilation[i] >= 1 && o.padding[i] >= 0, op,
             ": stride and dilation must be at least 1 and padding at least 0, got stride ", o.stride[i], ", dilation ",
             o.dilation[i], ", padding ", o.padding[i]);
  }
  GG_CHECK(o.groups >= 1, op, ": groups must be at least 1, got ", o.groups);
}

void check_pair(const Tensor& x, const Tensor& w, const char* op) {
  GG_CHECK(x.rank() == 4 && w.rank() == 4, op, ": expected input [N,C,H,W] and weight [O,C/groups,kh,kw], got ",
           x.shape(), " and ", w.shape());
  GG_CHECK(x.dtype() == w.dtype() && is_floating(x.dtype()), op, ": expected two floating tensors of one type, got ",
           name_of(x.dtype()), " and ", name_of(w.dtype()));
  GG_CHECK(x.device() == w.device(), op, ": tensors are on ", x.device(), " and ", w.device());
}

// One of the two above plus a bias [channels].
template <class Convolution>
struct Biased {
  static constexpr const char* name = Convolution::name;
  static constexpr unsigned saves = kSaveInputs;
  Convolution convolution;
  Shape output_shape(const Tensor& x, const Tensor& w, const Tensor&) const { return convolution.output_shape(x, w); }
  Tensor forward(const Tensor& x, const Tensor& w, const Tensor& b) const { return convolution.forward(x, w, b); }
  Tensors vjp(const Vjp& c) const {
    Tensors grads = convolution.vjp(c);
    grads.push_back(c.needs(2) ? sum(c.grad(), {0, 2, 3}) : Tensor());
    return grads;
  }
  Tensor jvp(const Jvp& c) const {
    Tensor y = convolution.jvp(c);
    if (!c.has(2)) return y;
    Tensor b = reshape(c.tangent(2), {c.tangent(2).size(0), 1, c.tangent(2).size(1), 1, 1});
    return y.defined() ? y + b : expand(b, with_directions(c, c.output().shape()));
  }
  // Σ of 2 · convolution(ẋ, ẇ).
  Tensor curvature(const Jvp& c) const {
    Tensor total;
    for (int64_t k = 0; c.has(0) && c.has(1) && k < c.directions(); ++k) {
      total = add_tangents(total, 2 * apply(convolution, select(c.tangent(0), 0, k), select(c.tangent(1), 0, k)));
    }
    return total.defined() ? unsqueeze(total, 0) : total;
  }
};

template <class Convolution>
Tensor with_bias(const Convolution& convolution, const Tensor& x, const Tensor& w, const Tensor& b, const char* op) {
  if (!b.defined()) return apply(convolution, x, w);
  const int64_t channels = convolution.output_shape(x, w)[1];
  GG_CHECK(b.shape() == Shape{channels}, op, ": the bias must have shape [", channels, "], got ", b.shape());
  GG_CHECK(b.dtype() == x.dtype() && b.device() == x.device(), op, ": the bias is ", name_of(b.dtype()), " on ",
           b.device(), ", the input ", name_of(x.dtype()), " on ", x.device());
  return apply(Biased<Convolution>{convolution}, x, w, b);
}

}  // namespace

Tensor conv2d(const Tensor& x, const Tensor& w, const Tensor& b, const Conv2dOptions& o) {
  check_options(o, "conv2d");
  check_pair(x, w, "conv2d");
  GG_CHECK(x.size(1) == w.size(1) * o.groups, "conv2d: weight has ", w.size(1), " input channels",
           o.groups > 1 ? str(" in each of ", o.groups, " groups") : "", ", input has ", x.size(1), " (input ",
           x.shape(), ", weight ", w.shape(), ")",
           w.size(1) && x.size(1) % w.size(1) == 0 ? ". Did you mean groups?" : "");
  GG_CHECK(w.size(0) % o.groups == 0, "conv2d: ", w.size(0), " output channels do not divide into ", o.groups,
           " groups");
  Shape out = output_of(x.shape(), w.shape(), o);
  GG_CHECK(out[2] >= 1 && out[3] >= 1, "conv2d: the kernel ", w.shape(), " is larger than the padded input ",
           x.shape());
  return with_bias(Conv2d{o}, x, w, b, "conv2d");
}

Tensor conv2d_input_grad(const Tensor& g, const Tensor& w, const Shape& input, const Conv2dOptions& o) {
  check_options(o, "conv2d_input_grad");
  check_pair(g, w, "conv2d_input_grad");
  GG_CHECK(input.rank() == 4 && input[1] == w.size(1) * o.groups && output_of(input, w.shape(), o) == g.shape(),
           "conv2d_input_grad: a gradient of shape ", g.shape(), " does not belong to input ", input, " and weight ",
           w.shape());
  return apply(Conv2dInputGrad{o, input[2], input[3]}, g, w);
}

Tensor conv2d_weight_grad(const Tensor& x, const Tensor& g, const Shape& weight, const Conv2dOptions& o) {
  check_options(o, "conv2d_weight_grad");
  check_pair(x, g, "conv2d_weight_grad");
  GG_CHECK(weight.rank() == 4 && x.size(1) == weight[1] * o.groups && output_of(x.shape(), weight, o) == g.shape(),
           "conv2d_weight_grad: a gradient of shape ", g.shape(), " does not belong to input ", x.shape(),
           " and weight ", weight);
  return apply(Conv2dWeightGrad{o, weight}, x, g);
}

Tensor conv_transpose2d(const Tensor& x, const Tensor& w, const Tensor& b, const ConvTranspose2dOptions& t) {
  Conv2dOptions o{t.stride, t.padding, t.dilation, t.groups};
  check_options(o, "conv_transpose2d");
  check_pair(x, w, "conv_transpose2d");
  GG_CHECK(x.size(1) == w.size(0), "conv_transpose2d: weight takes ", w.size(0), " channels, input has ", x.size(1),
           " (input ", x.shape(), ", weight ", w.shape(), ")");
  GG_CHECK(w.size(0) % o.groups == 0, "conv_transpose2d: ", w.size(0), " input channels do not divide into ", o.groups,
           " groups");
  int64_t size[2];
  Tensor input = x;
  for (int i = 0; i < 2; ++i) {
    GG_CHECK(t.output_padding[i] >= 0 && (t.output_padding[i] < t.stride[i] || t.output_padding[i] < t.dilation[i]),
             "conv_transpose2d: output_padding must be at least 0 and less than stride or dilation, got ",
             t.output_padding[i]);
    size[i] = (x.size(2 + i) - 1) * t.stride[i] - 2 * t.padding[i] + t.dilation[i] * (w.size(2 + i) - 1) +
              t.output_padding[i] + 1;
    GG_CHECK(size[i] >= 1, "conv_transpose2d: the output would have size ", size[i]);
    // In an output that is larger by whole strides a window has more places: nothing comes from those.
    if (const int64_t more = t.output_padding[i] / t.stride[i]; more > 0) input = pad(input, {{2 + i, 0, more}});
  }
  return with_bias(Conv2dInputGrad{o, size[0], size[1]}, input, w, b, "conv_transpose2d");
}

}  // namespace gg
