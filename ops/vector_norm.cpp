// norm: declared in ops/reduce.h.
#include <cmath>
#include <limits>

#include "ops/at_zero.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace gg {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

// The largest (smallest) element over axes, which keep size 1.
Tensor extreme(Tensor x, const Axes& axes, bool largest) {
  for (int a : axes) x = largest ? max(x, a, {.keepdim = true}) : min(x, a, {.keepdim = true});
  return x;
}

// Scaled by the element that the sum is made of for large |p|. The scale is a constant: the result does not depend on
// it, and neither do its derivatives.
Tensor general_norm(const Tensor& x, const Axes& axes, double p) {
  const Tensor size = abs(x);
  Tensor scale = extreme(size.detach(), axes, p > 0);
  const Tensor usable = logical_and(gt(scale, full({}, 0, x.options())), lt(scale, full({}, kInf, x.options())));
  scale = where(usable, scale, full({}, 1, x.options()));
  const auto root = [&](const Tensor& s) { return pow(s, 1 / p); };
  if (p > 0 && std::fmod(p, 2) == 0) {  // smooth, also at 0
    return scale * detail::zero_at_zero(sum(pow(x / scale, p), axes, {.keepdim = true}), root);
  }
  const Tensor scaled = size / scale, zero = detail::is_zero(scaled);
  const Tensor powers = detail::with_value(zero, 0, pow(detail::with_value(zero, 1, scaled), p));
  const Tensor total = sum(powers, axes, {.keepdim = true});
  if (p > 0) return scale * detail::zero_at_zero(total, root);
  const Tensor none = any(zero, axes, {.keepdim = true});
  return scale * detail::with_value(none, 0, root(detail::with_value(none, 1, total)));
}

}  // namespace

Tensor norm(const Tensor& x, const Axes& axes, const NormOptions& o) {
  GG_CHECK(is_floating(x.dtype()), "norm: expected a floating tensor, got ", name_of(x.dtype()));
  GG_CHECK(!std::isnan(o.p), "norm: p is NaN");
  GG_CHECK(o.eps >= 0 && (o.eps == 0 || o.p == 2), "norm: eps = ", o.eps,
           " must be 0 or more, and is for p = 2 only (p is ", o.p, ")");
  const ReduceOptions as{.keepdim = o.keepdim};
  if (o.p == 0) return sum(to(logical_not(detail::is_zero(x)), x.dtype()), axes, as);
  if (o.p == 1) return sum(abs(x), axes, as);
  if (o.p == 2) {
    const Tensor squares = sum(square(x), axes, as);
    if (o.eps > 0) return sqrt(squares + o.eps);
    return detail::zero_at_zero(squares, [](const Tensor& s) { return sqrt(s); });
  }
  Axes over;
  for (int i = 0; i < x.rank() && axes.empty(); ++i) over.push_back(i);
  for (int a : axes) over.push_back(normalize_axis(a, x.rank(), "norm"));
  if (o.p > 0 && std::isfinite(o.p) && x.numel() == 0) return sum(x, axes, as);  // the empty sum: 0
  for (int a : over) GG_CHECK(x.size(a) > 0, "norm: of no elements, p = ", o.p, " (axis ", a, " of ", x.shape(), ")");
  const bool extreme_only = std::isinf(o.p);
  const Tensor kept = extreme_only ? extreme(abs(x), over, o.p > 0) : general_norm(x, over, o.p);
  return sum(kept, axes, as);  // of one element each: drops the axes, where asked
}

}  // namespace gg
