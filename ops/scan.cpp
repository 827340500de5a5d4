#include "ops/scan.h"

#include "autograd/apply.h"
#include "core/dispatch.h"
#include "cpu/scan.h"
#include "cuda/scan.h"
#include "ops/elementwise.h"
#include "ops/shape.h"

namespace gg {
namespace {

struct CumSum {
  static constexpr const char* name = "cumsum";
  static constexpr unsigned saves = kSaveNothing;
  static constexpr bool zero_if_any_input_is_zero = true;
  static constexpr bool affine = true;
  int axis;  // from the end
  bool reverse;
  Shape output_shape(const Tensor& x) const { return x.shape(); }
  TensorOptions output_options(const Tensor& x) const { return {x.dtype() == boolean ? i64 : x.dtype(), x.device()}; }
  Tensor forward(const Tensor& x) const {
    Tensor out = empty_like(x, output_options(x).dtype);
    GG_KERNEL(x.device(), cumsum, out.array(), x.array(), axis, reverse);
    return out;
  }
  Tensors vjp(const Vjp& c) const { return {apply(CumSum{axis, !reverse}, c.grad())}; }
  Tensor jvp(const Jvp& c) const { return apply(*this, c.tangent(0)); }
};

}  // namespace

Tensor cumsum(const Tensor& x, int axis, const CumsumOptions& options) {
  if (x.rank() == 0) {
    normalize_axis(axis, 1, "cumsum");
    return reshape(cumsum(reshape(x, {1}), 0, options), {});
  }
  axis = normalize_axis(axis, x.rank(), "cumsum");
  return apply(CumSum{axis - x.rank(), options.reverse}, x);
}

Tensor cumprod(const Tensor& x, int axis) {
  if (x.rank() == 0) {
    normalize_axis(axis, 1, "cumprod");
    return reshape(cumprod(reshape(x, {1}), 0), {});
  }
  axis = normalize_axis(axis, x.rank(), "cumprod");
  // Before a round every element holds the product of the `done` elements that end with it, or of all there are.
  Tensor y = x.dtype() == boolean ? to(x, i64) : x;
  const int64_t n = x.size(axis);
  for (int64_t done = 1; done < n; done *= 2) {
    y = concat({slice(y, axis, 0, done), slice(y, axis, done) * slice(y, axis, 0, n - done)}, axis);
  }
  return y;
}

}  // namespace gg
