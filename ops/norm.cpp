#include "ops/norm.h"

#include <algorithm>
#include <limits>

#include "autograd/apply.h"
#include "autograd/raw.h"
#include "core/dispatch.h"
#include "cpu/norm.h"
#include "cuda/norm_kernels.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/norm_backward.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace gg {
namespace {

using detail::ChannelNorm;
using detail::normalised;
using detail::RowStatistics;

// Layer norm and RMS norm of x [rows, n] run the same kernels; w and b are [n].
Tensor normalise_rows(RowStatistics& s, const Tensor& x, const Tensor& w, const Tensor& b, double eps, bool centred) {
  Tensor out = empty(x.shape(), x.options());
  s.mean = empty({x.size(0)}, x.options());
  s.rstd = empty({x.size(0)}, x.options());
  GG_KERNEL(x.device(), layer_norm_forward, out.array(), s.mean.array(), s.rstd.array(), x.array(), w.array(),
            b.array(), eps, centred);
  return out;
}

// The gradients in x and, where they are wanted, in w and b.
Tensors row_gradients(const Vjp& c, const RowStatistics& s, bool with_b, bool centred) {
  Tensor x = c.input(0), w = c.input(1);
  Tensor dx = empty(x.shape(), x.options()), dw, db;
  Array none{nullptr, w.dtype(), w.shape(), {}};
  if (c.needs(1)) dw = empty(w.shape(), w.options());
  if (with_b && c.needs(2)) db = empty(w.shape(), w.options());
  GG_KERNEL(x.device(), layer_norm_backward, dx.array(), dw.defined() ? dw.array() : none,
            db.defined() ? db.array() : none, c.grad().array(), x.array(), s.mean.array(), s.rstd.array(), w.array(),
            centred);
  if (with_b) return {dx, dw, db};
  return {dx, dw};
}

// The same where they are recorded, and where x is a constant: the kernel makes dw and db along with dx, so that
// without dx they are had for less from sums. `unit` is the norm with weight 1, and no bias.
template <class Unit>
Tensors recorded_row_gradients(const Vjp& c, const RowStatistics& s, double eps, bool centred, const Unit& unit) {
  Tensor x = c.input(0), w = c.input(1), dx, dw;
  if (c.needs(0)) dx = detail::layer_norm_backward(c.grad(), x, w, s, eps, centred);
  if (c.needs(1)) dw = sum(c.grad() * unit(x, ones(w.shape(), w.options())), 0);
  return {dx, dw};
}

struct LayerNorm {
  static constexpr const char* name = "layer_norm";
  static constexpr unsigned saves = kSaveInputs;
  using Aux = RowStatistics;
  double eps;

  Tensor forward(Aux& aux, const Tensor& x, const Tensor& w, const Tensor& b) const {
    return normalise_rows(aux, x, w, b, eps, true);
  }
  Tensors vjp(const Vjp& c, const Aux& aux) const {
    return c.needs(0) ? row_gradients(c, aux, true, true) : recorded_vjp(c, aux);
  }
  Tensors recorded_vjp(const Vjp& c, const Aux& aux) const {
    Tensors grads = recorded_row_gradients(c, aux, eps, true, [&](const Tensor& x, const Tensor& one) {
      return apply(*this, x, one, zeros(one.shape(), one.options()));
    });
    grads.push_back(c.needs(2) ? sum(c.grad(), 0) : Tensor());
    return grads;
  }
  Tensor reference(const Tensor& x, const Tensor& w, const Tensor& b) const {
    return normalised(x, {-1}, eps).u * w + b;
  }
};

struct RmsNorm {
  static constexpr const char* name = "rms_norm";
  static constexpr unsigned saves = kSaveInputs;
  using Aux = RowStatistics;
  double eps;

  Tensor forward(Aux& aux, const Tensor& x, const Tensor& w) const {
    return normalise_rows(aux, x, w, raw::full(w.shape(), 0, w.options()), eps, false);
  }
  Tensors vjp(const Vjp& c, const Aux& aux) const {
    return c.needs(0) ? row_gradients(c, aux, false, false) : recorded_vjp(c, aux);
  }
  Tensors recorded_vjp(const Vjp& c, const Aux& aux) const {
    return recorded_row_gradients(c, aux, eps, false,
                                  [&](const Tensor& x, const Tensor& one) { return apply(*this, x, one); });
  }
  Tensor reference(const Tensor& x, const Tensor& w) const { return normalised(x, {-1}, eps, false).u * w; }
};

Shape per_channel(const Tensor& x) {
  Shape s{x.size(1)};
  for (int i = 2; i < x.rank(); ++i) s.push_back(1);
  return s;
}

Axes all_but_channel(const Tensor& x) {
  Axes axes{0};
  for (int i = 2; i < x.rank(); ++i) axes.push_back(i);
  return axes;
}

// The gradients of a norm with weight and bias for each channel, where they are recorded; `unit` as above.
template <class Unit>
Tensors recorded_channel_gradients(const Vjp& c, const ChannelNorm& norm, const Unit& unit) {
  Tensor g = c.grad(), x = c.input(0), w = c.input(1), dx, dw, db;
  if (c.needs(0)) dx = detail::channel_norm_backward(g, x, w, norm);
  if (c.needs(1)) dw = sum(g * unit(x, ones(w.shape(), w.options())), all_but_channel(x));
  if (c.needs(2)) db = sum(g, all_but_channel(x));
  return {dx, dw, db};
}

struct BatchNorm {
  static constexpr const char* name = "batch_norm";
  static constexpr unsigned saves = kSaveInputs;
  double eps;
  BatchStatistics statistics;  // of this very x: constants for the kernels, recomputed by the reference

  Tensor forward(const Tensor& x, const Tensor& w, const Tensor& b) const {
    Tensor out = empty_like(x);
    GG_KERNEL(x.device(), batch_norm_forward, out.array(), x.array(), statistics.mean.array(), statistics.var.array(),
              w.array(), b.array(), eps);
    return out;
  }
  Tensors vjp(const Vjp& c) const {
    if (!c.needs(0)) return recorded_vjp(c);
    Tensor x = c.input(0), w = c.input(1);
    Tensor dx = empty_like(x), dw = empty(w.shape(), w.options()), db = empty(w.shape(), w.options());
    GG_KERNEL(x.device(), batch_norm_backward, dx.array(), dw.array(), db.array(), c.grad().array(), x.array(),
              statistics.mean.array(), statistics.var.array(), w.array(), eps);
    return {dx, dw, db};
  }
  Tensors recorded_vjp(const Vjp& c) const {
    return recorded_channel_gradients(
        c, {0, eps, statistics.mean, statistics.var},
        [&](const Tensor& x, const Tensor& one) { return apply(*this, x, one, zeros(one.shape(), one.options())); });
  }
  Tensor reference(const Tensor& x, const Tensor& w, const Tensor& b) const {
    return normalised(x, all_but_channel(x), eps).u * reshape(w, per_channel(x)) + reshape(b, per_channel(x));
  }
};

// What batch norm's kernel does with variance 1: (x - mean)·w + b.
struct ChannelAffine {
  static constexpr const char* name = "channel_affine";
  static constexpr unsigned saves = kSaveInputs;
  Tensor mean;  // [C], a constant that nothing else writes to

  Tensor forward(const Tensor& x, const Tensor& w, const Tensor& b) const {
    Tensor out = empty_like(x), one = raw::full(w.shape(), 1, w.options());
    GG_KERNEL(x.device(), batch_norm_forward, out.array(), x.array(), mean.array(), one.array(), w.array(), b.array(),
              0);
    return out;
  }
  Tensors vjp(const Vjp& c) const {
    Tensor g = c.grad(), w = c.input(1), dx, dw, db;
    if (c.needs(0)) dx = g * reshape(w, per_channel(g));
    if (c.needs(1) || c.needs(2)) {
      dw = empty(w.shape(), w.options());
      db = empty(w.shape(), w.options());
      GG_KERNEL(g.device(), channel_gradients, dw.array(), db.array(), g.array(), c.input(0).array(), mean.array());
    }
    return {dx, dw, db};
  }
  Tensor reference(const Tensor& x, const Tensor& w, const Tensor& b) const {
    return (x - reshape(mean, per_channel(x))) * reshape(w, per_channel(x)) + reshape(b, per_channel(x));
  }
};

// Over groups of channels of x [N, C, L], row-major; w and b are [C]. The kernels see each channel of each image as a
// channel of its own, [1, N·C, L].
struct GroupNorm {
  static constexpr const char* name = "group_norm";
  static constexpr unsigned saves = kSaveInputs;
  struct Aux {
    Tensor mean, var;  // [N·groups]
  };
  int64_t groups;
  double eps;

  ChannelNorm norm(const Aux& aux) const { return {groups, eps, aux.mean, aux.var}; }

  Tensor forward(Aux& aux, const Tensor& x, const Tensor& w, const Tensor& b) const {
    const int64_t rows = x.size(0) * groups;
    Tensor out = empty(x.shape(), x.options());
    aux.mean = empty({rows}, x.options());
    aux.var = empty({rows}, x.options());
    GG_KERNEL(x.device(), batch_norm_statistics, aux.mean.array(), aux.var.array(),
              reshape(x, {1, rows, x.size(1) / groups * x.size(2)}).array());
    const ChannelNorm n = norm(aux);
    Tensor m = n.of_groups(aux.mean, x), v = n.of_groups(aux.var, x), scale = n.of_channels(w, x),
           shift = n.of_channels(b, x);
    GG_KERNEL(x.device(), batch_norm_forward, n.seen(out).array(), n.seen(x).array(), m.array(), v.array(),
              scale.array(), shift.array(), eps);
    return out;
  }
  Tensors vjp(const Vjp& c, const Aux& aux) const {
    const ChannelNorm n = norm(aux);
    Tensor x = c.input(0), g = n.seen(contiguous(c.grad())), m = n.of_groups(aux.mean, x), w = c.input(1);
    Tensor product = empty(m.shape(), m.options()), total = empty(m.shape(), m.options());  // Σ g·(x - mean), Σ g
    GG_KERNEL(x.device(), channel_gradients, product.array(), total.array(), g.array(), n.seen(x).array(), m.array());
    Tensor dx, dw, db;
    if (c.needs(0)) dx = detail::channel_norm_input_gradient(g, x, w, n, product, total);
    if (c.needs(1)) dw = n.over_images(product * rsqrt(n.of_groups(aux.var, x) + eps), x);
    if (c.needs(2)) db = n.over_images(total, x);
    return {dx, dw, db};
  }
  Tensors recorded_vjp(const Vjp& c, const Aux& aux) const {
    return recorded_channel_gradients(c, norm(aux), [&](const Tensor& x, const Tensor& one) {
      return apply(*this, x, one, zeros(one.shape(), one.options()));
    });
  }
  Tensor reference(const Tensor& x, const Tensor& w, const Tensor& b) const {
    Tensor rows = reshape(x, {x.size(0), groups, x.size(1) / groups * x.size(2)});
    return reshape(normalised(rows, {-1}, eps).u, x.shape()) * unsqueeze(w, 1) + unsqueeze(b, 1);
  }
};

void check_channels(const Tensor& x, const Tensor& t, const char* what, const char* op) {
  GG_CHECK(t.shape() == Shape{x.size(1)} && t.dtype() == x.dtype(), op, ": ", what, " must be ", name_of(x.dtype()),
           " [", x.size(1), "], got ", name_of(t.dtype()), " ", t.shape());
  GG_CHECK(t.device() == x.device(), op, ": ", what, " is on ", t.device(), ", the input on ", x.device(),
           "; move one of them with to()");
}

void check_batch(const Tensor& x, const char* op) {
  GG_CHECK(x.rank() >= 2 && is_floating(x.dtype()), op, ": expected a floating tensor [N, C, ...], got ",
           name_of(x.dtype()), " ", x.shape());
}

// The trailing axes of x that a weight or bias names; the last one where there is neither.
Shape normalized_shape(const Tensor& x, const Tensor& w, const Tensor& b, const char* op) {
  GG_CHECK(x.rank() >= 1 && is_floating(x.dtype()), op, ": expected a floating tensor with axes, got ",
           name_of(x.dtype()), " ", x.shape());
  int axes = w.defined() ? w.rank() : b.defined() ? b.rank() : 1;
  GG_CHECK(axes >= 1 && axes <= x.rank(), op, ": the weight has ", axes, " axes, the input ", x.shape());
  Shape normalized = x.shape().part(x.rank() - axes, x.rank());
  for (const Tensor* t : {&w, &b}) {
    if (!t->defined()) continue;
    GG_CHECK(t->shape() == normalized && t->dtype() == x.dtype(), op, ": weight and bias must be ", name_of(x.dtype()),
             " ", normalized, ", got ", name_of(t->dtype()), " ", t->shape());
    GG_CHECK(t->device() == x.device(), op, ": ", t == &w ? "the weight" : "the bias", " is on ", t->device(),
             ", the input on ", x.device(), "; move one of them with to()");
  }
  return normalized;
}

// The trailing axes of x as one; either size may be 0.
Tensor rows_of(const Tensor& x, const Shape& normalized) {
  return reshape(x, {x.shape().part(0, x.rank() - normalized.rank()).numel(), normalized.numel()});
}

// All axes of x, the last `count` of them from the outermost to the innermost in memory: what is normalised may be
// taken in any order, and in this one images whose channels lie innermost need no copy, and stay as they are.
Axes as_in_memory(const Tensor& x, int count) {
  Axes axes;
  for (int i = 0; i < x.rank(); ++i) axes.push_back(i);
  std::stable_sort(axes.end() - count, axes.end(),
                   [&](int a, int b) { return x.layout().strides[a] > x.layout().strides[b]; });
  return axes;
}

Axes inverse(const Axes& order) {
  Axes at = order;
  for (int i = 0; i < static_cast<int>(order.size()); ++i) at[order[i]] = i;
  return at;
}

// A weight or bias of the last axes, in the order that those have in `order`.
Tensor last_axes(const Tensor& t, const Axes& order) {
  if (!t.defined()) return t;
  const int before = static_cast<int>(order.size()) - t.rank();
  Axes axes;
  for (int i = 0; i < t.rank(); ++i) axes.push_back(order[before + i] - before);
  return permute(t, axes);
}

Tensor or_full(const Tensor& t, const Shape& shape, double value, const Tensor& like) {
  return t.defined() ? t : full(shape, value, like.options());
}

}  // namespace

Tensor layer_norm(const Tensor& x, const Tensor& w, const Tensor& b, double eps) {
  Shape normalized = normalized_shape(x, w, b, "layer_norm"), flat{normalized.numel()};
  if (const Axes order = as_in_memory(x, normalized.rank()); !std::is_sorted(order.begin(), order.end())) {
    return permute(layer_norm(permute(x, order), last_axes(w, order), last_axes(b, order), eps), inverse(order));
  }
  Tensor y = apply(LayerNorm{eps}, rows_of(x, normalized), reshape(or_full(w, normalized, 1, x), flat),
                   reshape(or_full(b, normalized, 0, x), flat));
  return reshape(y, x.shape());
}

Tensor rms_norm(const Tensor& x, const Tensor& w, std::optional<double> eps) {
  Shape normalized = normalized_shape(x, w, {}, "rms_norm"), flat{normalized.numel()};
  if (const Axes order = as_in_memory(x, normalized.rank()); !std::is_sorted(order.begin(), order.end())) {
    return permute(rms_norm(permute(x, order), last_axes(w, order), eps), inverse(order));
  }
  double e =
      eps.value_or(x.dtype() == f32 ? std::numeric_limits<float>::epsilon() : std::numeric_limits<double>::epsilon());
  Tensor y = apply(RmsNorm{e}, rows_of(x, normalized), reshape(or_full(w, normalized, 1, x), flat));
  return reshape(y, x.shape());
}

Tensor channel_affine(const Tensor& x, const Tensor& w, const Tensor& b) {
  check_batch(x, "channel_affine");
  check_channels(x, w, "the weight", "channel_affine");
  check_channels(x, b, "the bias", "channel_affine");
  return apply(ChannelAffine{raw::full(w.shape(), 0, w.options())}, x, w, b);
}

Tensor group_norm(const Tensor& x, int64_t groups, const Tensor& w, const Tensor& b, double eps) {
  check_batch(x, "group_norm");
  GG_CHECK(groups >= 1 && x.size(1) % groups == 0, "group_norm: ", x.size(1), " channels do not divide into ", groups,
           " groups (input ", x.shape(), ")");
  for (const Tensor* t : {&w, &b}) {
    if (t->defined()) check_channels(x, *t, t == &w ? "the weight" : "the bias", "group_norm");
  }
  Tensor places = contiguous(reshape(x, {x.size(0), x.size(1), x.shape().part(2, x.rank()).numel()}));
  Tensor y = apply(GroupNorm{groups, eps}, places, or_full(w, {x.size(1)}, 1, x), or_full(b, {x.size(1)}, 0, x));
  return reshape(y, x.shape());
}

Tensor instance_norm(const Tensor& x, const Tensor& w, const Tensor& b, double eps) {
  GG_CHECK(x.rank() >= 3 && is_floating(x.dtype()), "instance_norm: expected a floating tensor [N, C, L, ...], got ",
           name_of(x.dtype()), " ", x.shape());
  GG_CHECK(x.numel() == 0 || x.numel() > x.size(0) * x.size(1),
           "instance_norm: one value per channel has no variance (input ", x.shape(), ")");
  for (const Tensor* t : {&w, &b}) {
    if (t->defined()) check_channels(x, *t, t == &w ? "the weight" : "the bias", "instance_norm");
  }
  return group_norm(x, x.size(1), w, b, eps);
}

Tensor adain(const Tensor& content, const Tensor& style, double eps) {
  GG_CHECK(content.rank() >= 3 && style.rank() >= 3 && content.size(0) == style.size(0) &&
               content.size(1) == style.size(1) && content.dtype() == style.dtype(),
           "adain: expected content and style [N, C, L, ...] of equal N, C and type, got ", name_of(content.dtype()),
           " ", content.shape(), " and ", name_of(style.dtype()), " ", style.shape());
  GG_CHECK(is_floating(content.dtype()), "adain: expected floating tensors, got ", name_of(content.dtype()));
  GG_CHECK(content.device() == style.device(), "adain: the content is on ", content.device(), ", the style on ",
           style.device());
  Tensor places = flatten(style, 2);
  GG_CHECK(places.size(2) >= 1, "adain: the style ", style.shape(), " has no places");
  Shape each{content.size(0), content.size(1)};
  for (int i = 2; i < content.rank(); ++i) each.push_back(1);
  Tensor deviation = sqrt(var(places, 2, {.correction = 0}) + eps);
  return reshape(deviation, each) * instance_norm(content, {}, {}, eps) + reshape(mean(places, 2), each);
}

BatchStatistics batch_statistics(const Tensor& x) {
  check_batch(x, "batch_statistics");
  BatchStatistics s{empty({x.size(1)}, x.options()), empty({x.size(1)}, x.options())};
  GG_KERNEL(x.device(), batch_norm_statistics, s.mean.array(), s.var.array(), x.detach().array());
  return s;
}

Tensor batch_norm(const Tensor& x, const Tensor& w, const Tensor& b, double eps, BatchStatistics* statistics) {
  check_batch(x, "batch_norm");
  GG_CHECK(x.numel() > x.size(1), "batch_norm: one value per channel has no variance (input ", x.shape(), ")");
  Tensor weight = or_full(w, {x.size(1)}, 1, x), bias = or_full(b, {x.size(1)}, 0, x);
  check_channels(x, weight, "the weight", "batch_norm");
  check_channels(x, bias, "the bias", "batch_norm");
  BatchStatistics own = batch_statistics(x);
  if (statistics)
    *statistics = {raw::clone(own.mean), raw::clone(own.var)};  // the rules read ours: theirs may be written
  return apply(BatchNorm{eps, own}, x, weight, bias);
}

Tensor batch_norm_fixed(const Tensor& x, const BatchStatistics& s, const Tensor& w, const Tensor& b, double eps) {
  constexpr const char* op = "batch_norm_fixed";
  check_batch(x, op);
  Tensor weight = or_full(w, {x.size(1)}, 1, x), bias = or_full(b, {x.size(1)}, 0, x);
  check_channels(x, weight, "the weight", op);
  check_channels(x, bias, "the bias", op);
  check_channels(x, s.mean, "the mean", op);
  check_channels(x, s.var, "the variance", op);
  // A copy: the caller may write into its statistics before the gradient is taken.
  return apply(ChannelAffine{raw::clone(s.mean.detach())}, x, weight * rsqrt(s.var.detach() + eps), bias);
}

}  // namespace gg
