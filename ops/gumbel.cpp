#include "ops/gumbel.h"

#include <cmath>

#include "autograd/apply.h"
#include "core/grad_mode.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/elementwise_run.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/softmax.h"

namespace gg {
namespace {

struct StraightThrough {
  static constexpr const char* name = "straight_through";
  static constexpr unsigned saves = kSaveNothing;
  static constexpr bool affine = true;
  Tensor hard;
  // A handle of its own: what is recorded on it must not come back to this member.
  Tensor forward(const Tensor&) const { return hard.with_layout(hard.layout()); }
  Tensors vjp(const Vjp& c) const { return {c.grad()}; }
  Tensor jvp(const Jvp& c) const { return c.tangent(0); }
};

// −log of a standard exponential number. Uniform numbers that are 0 count as half a step, so all are finite.
Tensor gumbel_noise(const Tensor& like, Generator& generator) {
  NoGrad off;
  const double half_step = like.dtype() == f32 ? 0x1p-25 : 0x1p-53;
  return -log(-log1p(-clamp(rand_like(like, {}, generator), half_step, 1)));
}

}  // namespace

Tensor straight_through(const Tensor& hard, const Tensor& soft) {
  detail::check_same("straight_through", hard, soft);
  GG_CHECK(is_floating(soft.dtype()), "straight_through: expected floating tensors, got ", name_of(soft.dtype()));
  GG_CHECK(hard.shape() == soft.shape(), "straight_through: shapes differ: ", hard.shape(), " and ", soft.shape());
  return apply(StraightThrough{hard.detach()}, soft);
}

Tensor gumbel_softmax(const Tensor& logits, const GumbelOptions& o, Generator& generator) {
  GG_CHECK(is_floating(logits.dtype()), "gumbel_softmax: expected floating logits, got ", name_of(logits.dtype()));
  GG_CHECK(o.tau > 0 && std::isfinite(o.tau), "gumbel_softmax: the temperature must be positive, got ", o.tau);
  const int axis = normalize_axis(o.axis, logits.rank(), "gumbel_softmax");
  Tensor soft = softmax((logits + gumbel_noise(logits, generator)) / o.tau, axis);
  if (!o.hard) return soft;
  Tensor hot = one_hot(argmax(soft.detach(), axis), logits.size(axis), {.dtype = logits.dtype()});  // classes last
  Axes order;
  for (int i = 0; i < logits.rank(); ++i) order.push_back(i < axis ? i : i == axis ? logits.rank() - 1 : i - 1);
  return straight_through(permute(hot, order), soft);
}

}  // namespace gg
