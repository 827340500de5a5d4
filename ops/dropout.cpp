#include "ops/dropout.h"

#include "autograd/apply.h"
#include "core/dispatch.h"
#include "cpu/random.h"
#include "cuda/random.h"
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
  Tensor mask(const Shape& shape, TensorOptions o) const {
    Tensor m = empty(shape, o);
    GG_KERNEL(o.device, random_bernoulli, m.array(), &state, 1 - p);
    return m / (1 - p);
  }
  Tensor forward(const Tensor& x) const { return x * mask(x.shape(), x.options()); }
  Tensors vjp(const Vjp& c) const { return {apply(*this, c.grad())}; }
  Tensor jvp(const Jvp& c) const { return c.tangent(0) * mask(c.input(0).shape(), c.input(0).options()); }
};

}  // namespace

Tensor dropout(const Tensor& x, double p, bool training, Generator& generator) {
  GG_CHECK(p >= 0 && p < 1, "dropout: the probability must be in [0, 1), got ", p);
  GG_CHECK(is_floating(x.dtype()), "dropout: expected a floating tensor, got ", name_of(x.dtype()));
  if (!training || p == 0) return x;
  return apply(Dropout{p, generator.reserve(philox_blocks(x.numel(), 4))}, x);
}

}  // namespace gg
