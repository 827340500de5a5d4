#include "ops/dropout.h"

#include "autograd/apply.h"
#include "core/dispatch.h"
#include "cpu/random.h"
#include "cuda/random.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/tangent.h"

namespace gg {
namespace {

// Linear in x, with a mask that is a function of the random counters alone; so its reverse rule is itself.
struct Dropout {
  static constexpr const char* name = "dropout";
  static constexpr unsigned saves = kSaveNothing;
  static constexpr bool zero_if_any_input_is_zero = true;
  double p;
  Generator::State state;
  Shape output_shape(const Tensor& x) const { return x.shape(); }
  Tensor forward(const Tensor& x) const {
    Tensor out = empty_like(x);
    GG_KERNEL(x.device(), random_dropout, out.array(), x.array(), &state, 1 - p);
    return out;
  }
  Tensors vjp(const Vjp& c) const { return {apply(*this, c.grad())}; }
  // Tangents may be several directions of x, all under the one mask.
  Tensor jvp(const Jvp& c) const {
    const Tensor& x = c.input(0);
    return c.tangent(0) * apply(*this, ones(x.shape(), x.options()));
  }
};

}  // namespace

Tensor dropout(const Tensor& x, double p, bool training, Generator& generator) {
  GG_CHECK(p >= 0 && p < 1, "dropout: the probability must be in [0, 1), got ", p);
  GG_CHECK(is_floating(x.dtype()), "dropout: expected a floating tensor, got ", name_of(x.dtype()));
  if (!training || p == 0) return x;
  return apply(Dropout{p, generator.reserve(philox_blocks(x.numel(), 4))}, x);
}

}  // namespace gg
