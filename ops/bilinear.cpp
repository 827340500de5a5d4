#include "cpu/bilinear.h"
#include "autograd/apply.h"
#include "core/dispatch.h"
#include "cuda/bilinear.h"
#include "ops/images.h"
#include "ops/pool.h"
#include "ops/shape.h"
#include "ops/tangent.h"

namespace gg {
namespace {

// A coarse image read between its elements, and the adjoint: each is the other's rule.
struct Bilinear {
  static constexpr const char* name = "interpolate_bilinear";
  static constexpr unsigned saves = kSaveNothing;
  static constexpr bool zero_if_any_input_is_zero = true;
  static constexpr bool affine = true;
  LinearAxes axes;
  int64_t height, width;  // of the result
  Shape output_shape(const Tensor& x) const { return detail::resized(x.shape(), height, width); }
  Tensor forward(const Tensor& x) const {
    Tensor out = detail::empty_resized(x, height, width);
    GG_KERNEL(x.device(), interpolate_bilinear, out.array(), x.array(), axes);
    return out;
  }
  Tensors vjp(const Vjp& c) const;
  Tensor jvp(const Jvp& c) const { return each_direction(*this, c.tangent(0)); }
};

struct BilinearAdjoint {
  static constexpr const char* name = "interpolate_bilinear_adjoint";
  static constexpr unsigned saves = kSaveNothing;
  static constexpr bool zero_if_any_input_is_zero = true;
  static constexpr bool affine = true;
  LinearAxes axes;
  int64_t height, width;  // of the result
  Shape output_shape(const Tensor& g) const { return detail::resized(g.shape(), height, width); }
  Tensor forward(const Tensor& g) const {
    Tensor out = detail::empty_resized(g, height, width);
    GG_KERNEL(g.device(), interpolate_bilinear_adjoint, out.array(), g.array(), axes);
    return out;
  }
  Tensors vjp(const Vjp& c) const { return {apply(Bilinear{axes, c.shape(0)[2], c.shape(0)[3]}, c.grad())}; }
  Tensor jvp(const Jvp& c) const { return each_direction(*this, c.tangent(0)); }
};

Tensors Bilinear::vjp(const Vjp& c) const {
  return {apply(BilinearAdjoint{axes, c.shape(0)[2], c.shape(0)[3]}, c.grad())};
}

}  // namespace

Tensor interpolate_bilinear(const Tensor& x, int64_t height, int64_t width, const BilinearOptions& o) {
  detail::check_resize(x, height, width, Bilinear::name);
  LinearAxes axes{LinearAxis::of(x.size(2), height, o.align_corners),
                  LinearAxis::of(x.size(3), width, o.align_corners)};
  return apply(Bilinear{axes, height, width}, x);
}

}  // namespace gg
