// Fused operations (tier D), but for logsumexp: a kernel forward and a kernel backward for the plain training step, and
// a reference made of other operations, which forward mode and recorded gradients differentiate.
#include "ops/softmax.h"

#include "autograd/apply.h"
#include "core/dispatch.h"
#include "cpu/softmax.h"
#include "cuda/cross_entropy.h"
#include "cuda/softmax.h"
#include "ops/creation.h"
#include "ops/curvature.h"
#include "ops/elementwise.h"
#include "ops/index.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace gg {
namespace {

// y · (g - Σ g·y): the gradient of softmax in its input, where y is what it gave. Symmetric in the place of g, so its
// derivative there is itself.
struct SoftmaxBackward {
  static constexpr const char* name = "softmax_backward";
  static constexpr unsigned saves = kSaveInputs;
  Tensor forward(const Tensor& g, const Tensor& y) const {
    Tensor dx = empty_like(y);
    GG_KERNEL(dx.device(), softmax_backward, dx.array(), g.array(), y.array());
    return dx;
  }
  Tensors vjp(const Vjp& c) const {
    const Tensor v = c.grad(), g = c.input(0), y = c.input(1);
    Tensor dg, dy;
    if (c.needs(0)) dg = apply(*this, v, y);
    if (c.needs(1)) dy = v * (g - sum(g * y, -1, {.keepdim = true})) - g * sum(v * y, -1, {.keepdim = true});
    return {dg, dy};
  }
  Tensors recorded_vjp(const Vjp& c) const { return vjp(c); }
  Tensor reference(const Tensor& g, const Tensor& y) const { return y * (g - sum(g * y, -1, {.keepdim = true})); }
};

struct Softmax {
  static constexpr const char* name = "softmax";
  static constexpr unsigned saves = kSaveInputs | kSaveOutput;
  Tensor forward(const Tensor& x) const {
    Tensor out = empty_like(x);
    GG_KERNEL(x.device(), softmax_forward, out.array(), x.array());
    return out;
  }
  Tensors vjp(const Vjp& c) const {
    Tensor dx = empty_like(c.input(0));
    GG_KERNEL(dx.device(), softmax_backward, dx.array(), c.grad().array(), c.output().array());
    return {dx};
  }
  Tensors recorded_vjp(const Vjp& c) const { return {apply(SoftmaxBackward{}, c.grad(), c.output())}; }
  Tensor reference(const Tensor& x) const {
    Tensor e = exp(x - max(x.detach(), -1, {.keepdim = true}));
    return e / sum(e, -1, {.keepdim = true});
  }
};

struct LogSoftmax {
  static constexpr const char* name = "log_softmax";
  static constexpr unsigned saves = kSaveInputs | kSaveOutput;
  Tensor forward(const Tensor& x) const {
    Tensor out = empty_like(x);
    GG_KERNEL(x.device(), log_softmax_forward, out.array(), x.array());
    return out;
  }
  Tensors vjp(const Vjp& c) const {
    Tensor dx = empty_like(c.input(0));
    GG_KERNEL(dx.device(), log_softmax_backward, dx.array(), c.grad().array(), c.output().array());
    return {dx};
  }
  Tensors recorded_vjp(const Vjp& c) const {
    return {c.grad() - exp(c.output()) * sum(c.grad(), -1, {.keepdim = true})};
  }
  Tensor reference(const Tensor& x) const { return x - logsumexp(x, -1, {.keepdim = true}); }
};

// [..., n] ↦ [..., 1]. Its derivative is softmax, which has its own.
struct LogSumExp {
  static constexpr const char* name = "logsumexp";
  static constexpr unsigned saves = kSaveInputs;
  Tensor forward(const Tensor& x) const {
    Shape shape = x.shape().erased(x.rank() - 1);
    Tensor out = empty(shape, x.options());
    GG_KERNEL(x.device(), logsumexp, out.array(), x.array());
    shape.push_back(1);
    return out.with_layout(Layout::contiguous(shape));
  }
  Tensors vjp(const Vjp& c) const { return {softmax(c.input(0)) * c.grad()}; }
  Tensor jvp(const Jvp& c) const { return sum(softmax(c.input(0)) * c.tangent(0), -1, {.keepdim = true}); }
  // The variance of ẋ under the softmax.
  Tensor curvature(const Jvp& c) const {
    const Tensor squares = sum_products(c.tangent(0), c.tangent(0));
    return sum(softmax(c.input(0)) * squares, -1, {.keepdim = true}) -
           sum_products(c.output_tangent(), c.output_tangent());
  }
};

struct SoftmaxCrossEntropy {
  static constexpr const char* name = "softmax_cross_entropy";
  static constexpr unsigned saves = kSaveInputs;
  struct Aux {
    Tensor logsumexp;  // [N]
  };
  Saved target;
  SoftmaxCrossEntropyOptions options;

  Tensor forward(Aux& aux, const Tensor& logits) const {
    Tensor loss = empty({logits.size(0)}, logits.options());
    aux.logsumexp = empty({logits.size(0)}, logits.options());
    GG_KERNEL(logits.device(), cross_entropy_forward, loss.array(), aux.logsumexp.array(), logits.array(),
              target.get(name).array(), options);
    return loss;
  }
  Tensors vjp(const Vjp& c, const Aux& aux) const {
    Tensor logits = c.input(0);
    Tensor dx = empty_like(logits);
    GG_KERNEL(dx.device(), cross_entropy_backward, dx.array(), c.grad().array(), logits.array(), aux.logsumexp.array(),
              target.get(name).array(), options);
    return {dx};
  }
  Tensor reference(const Tensor& logits) const {
    Tensor kept, index;
    {
      NoGrad off;
      const Tensor& classes = target.get(name);
      Tensor ignored = eq(classes, full({}, options.ignore_index, classes.options()));
      kept = to(logical_not(ignored), logits.dtype());
      index = where(ignored, zeros({}, classes.options()), classes);
    }
    double smooth = options.label_smoothing;
    // -log p of a class, and on average, is log Σ exp less its logit.
    Tensor total = logsumexp(logits, 1), own = squeeze(gather(logits, 1, unsqueeze(index, 1)), 1);
    Tensor loss = (total - own) * (1 - smooth);
    if (smooth > 0) loss = loss + (total - mean(logits, 1)) * smooth;
    return loss * kept;
  }
};

// Runs a row-wise operation along any axis by moving that axis to the end.
template <class Op>
Tensor along(const Op& op, const Tensor& x, int axis) {
  GG_CHECK(is_floating(x.dtype()), op.name, ": expected a floating tensor, got ", name_of(x.dtype()));
  axis = normalize_axis(axis, x.rank(), op.name);
  if (axis == x.rank() - 1) return apply(op, x);
  return transpose(apply(op, transpose(x, axis, -1)), axis, -1);
}

}  // namespace

Tensor softmax(const Tensor& x, int axis) { return along(Softmax{}, x, axis); }
Tensor log_softmax(const Tensor& x, int axis) { return along(LogSoftmax{}, x, axis); }

Tensor logsumexp(const Tensor& x, int axis, const ReduceOptions& o) {
  Tensor kept = along(LogSumExp{}, x, axis);
  return o.keepdim ? kept : squeeze(kept, axis);
}

Tensor softmax_cross_entropy(const Tensor& logits, const Tensor& target, const SoftmaxCrossEntropyOptions& o) {
  GG_CHECK(logits.rank() == 2 && is_floating(logits.dtype()),
           "cross_entropy: logits must be floating [N, classes], got ", name_of(logits.dtype()), " ", logits.shape());
  GG_CHECK(target.dtype() == i64 && target.shape() == Shape{logits.size(0)}, "cross_entropy: targets must be int64 [",
           logits.size(0), "], got ", name_of(target.dtype()), " ", target.shape());
  GG_CHECK(target.device() == logits.device(), "cross_entropy: logits are on ", logits.device(), ", targets on ",
           target.device());
  GG_CHECK(o.label_smoothing >= 0 && o.label_smoothing <= 1, "cross_entropy: label_smoothing must be in [0, 1], got ",
           o.label_smoothing);
  return apply(SoftmaxCrossEntropy{Saved(target), o}, logits);
}

}  // namespace gg
