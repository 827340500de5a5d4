#include "ops/norm.h"

#include "autograd/apply.h"
#include "autograd/raw.h"
#include "core/dispatch.h"
#include "cpu/norm.h"
#include "cuda/norm_kernels.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace gg {
namespace {

// Over the last axis of x [rows, n]; w and b are [n].
struct LayerNorm {
  static constexpr const char* name = "layer_norm";
  static constexpr unsigned saves = kSaveInputs;
  struct Aux {
    Tensor mean, rstd;  // [rows]
  };
  double eps;

  Tensor forward(Aux& aux, const Tensor& x, const Tensor& w, const Tensor& b) const {
    Tensor out = empty(x.shape(), x.options());
    aux.mean = empty({x.size(0)}, x.options());
    aux.rstd = empty({x.size(0)}, x.options());
    GG_KERNEL(x.device(), layer_norm_forward, out.array(), aux.mean.array(), aux.rstd.array(), x.array(), w.array(),
              b.array(), eps);
    return out;
  }
  Tensors vjp(const Vjp& c, const Aux& aux) const {
    Tensor x = c.input(0), w = c.input(1);
    Tensor dx = empty(x.shape(), x.options()), dw, db;
    Array none{nullptr, w.dtype(), w.shape(), {}};
    if (c.needs(1)) dw = empty(w.shape(), w.options());
    if (c.needs(2)) db = empty(w.shape(), w.options());
    GG_KERNEL(x.device(), layer_norm_backward, dx.array(), dw.defined() ? dw.array() : none,
              db.defined() ? db.array() : none, c.grad().array(), x.array(), aux.mean.array(), aux.rstd.array(),
              w.array());
    return {dx, dw, db};
  }
  Tensor reference(const Tensor& x, const Tensor& w, const Tensor& b) const {
    Tensor centred = x - mean(x, -1, {.keepdim = true});
    return centred * rsqrt(mean(square(centred), -1, {.keepdim = true}) + eps) * w + b;
  }
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
    Tensor x = c.input(0), w = c.input(1);
    Tensor dx = empty_like(x), dw = empty(w.shape(), w.options()), db = empty(w.shape(), w.options());
    GG_KERNEL(x.device(), batch_norm_backward, dx.array(), dw.array(), db.array(), c.grad().array(), x.array(),
              statistics.mean.array(), statistics.var.array(), w.array(), eps);
    return {dx, dw, db};
  }
  Tensor reference(const Tensor& x, const Tensor& w, const Tensor& b) const {
    Tensor centred = x - mean(x, all_but_channel(x), {.keepdim = true});
    Tensor variance = mean(square(centred), all_but_channel(x), {.keepdim = true});
    return centred * rsqrt(variance + eps) * reshape(w, per_channel(x)) + reshape(b, per_channel(x));
  }
};

void check_channels(const Tensor& x, const Tensor& t, const char* what) {
  GG_CHECK(t.shape() == Shape{x.size(1)} && t.dtype() == x.dtype(), "batch_norm: ", what, " must be ",
           name_of(x.dtype()), " [", x.size(1), "], got ", name_of(t.dtype()), " ", t.shape());
}

void check_batch(const Tensor& x, const char* op) {
  GG_CHECK(x.rank() >= 2 && is_floating(x.dtype()), op, ": expected a floating tensor [N, C, ...], got ",
           name_of(x.dtype()), " ", x.shape());
}

Tensor or_full(const Tensor& t, const Shape& shape, double value, const Tensor& like) {
  return t.defined() ? t : full(shape, value, like.options());
}

}  // namespace

Tensor layer_norm(const Tensor& x, const Tensor& w, const Tensor& b, double eps) {
  GG_CHECK(x.rank() >= 1 && is_floating(x.dtype()), "layer_norm: expected a floating tensor with axes, got ",
           name_of(x.dtype()), " ", x.shape());
  int axes = w.defined() ? w.rank() : b.defined() ? b.rank() : 1;
  GG_CHECK(axes >= 1 && axes <= x.rank(), "layer_norm: the weight has ", axes, " axes, the input ", x.shape());
  Shape normalized = x.shape().part(x.rank() - axes, x.rank());
  for (const Tensor* t : {&w, &b}) {
    if (!t->defined()) continue;
    GG_CHECK(t->shape() == normalized && t->dtype() == x.dtype(), "layer_norm: weight and bias must be ",
             name_of(x.dtype()), " ", normalized, ", got ", name_of(t->dtype()), " ", t->shape());
  }
  int64_t n = normalized.numel();
  Tensor y = apply(LayerNorm{eps}, reshape(x, {-1, n}), reshape(or_full(w, normalized, 1, x), {n}),
                   reshape(or_full(b, normalized, 0, x), {n}));
  return reshape(y, x.shape());
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
  check_channels(x, weight, "the weight");
  check_channels(x, bias, "the bias");
  BatchStatistics own = batch_statistics(x);
  if (statistics)
    *statistics = {raw::clone(own.mean), raw::clone(own.var)};  // the rules read ours: theirs may be written
  return apply(BatchNorm{eps, own}, x, weight, bias);
}

Tensor batch_norm_fixed(const Tensor& x, const BatchStatistics& s, const Tensor& w, const Tensor& b, double eps) {
  check_batch(x, "batch_norm_fixed");
  Tensor weight = or_full(w, {x.size(1)}, 1, x), bias = or_full(b, {x.size(1)}, 0, x);
  check_channels(x, weight, "the weight");
  check_channels(x, bias, "the bias");
  check_channels(x, s.mean, "the mean");
  check_channels(x, s.var, "the variance");
  Tensor scale = weight * rsqrt(s.var + eps);
  return x * reshape(scale, per_channel(x)) + reshape(bias - s.mean * scale, per_channel(x));
}

}  // namespace gg
