#include "ops/dropout.h"

#include <cmath>

#include "autograd/apply.h"
#include "core/dispatch.h"
#include "cpu/random.h"
#include "cuda/random.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/elementwise_run.h"
#include "ops/tangent.h"

namespace gg {
namespace {

// All are linear in x, with factors that are a function of the random counters alone; so the reverse rule of each is
// itself. Tangents may be several directions of x, all under the one draw.
template <class Op>
Tensor with_same_factors(const Op& op, const Jvp& c) {
  const Tensor& x = c.input(0);
  return c.tangent(0) * apply(op, ones(x.shape(), x.options()));
}

struct Dropout {
  static constexpr const char* name = "dropout";
  static constexpr unsigned saves = kSaveNothing;
  static constexpr bool zero_if_any_input_is_zero = true;
  static constexpr bool affine = true;
  double p;
  Generator::State state;
  Shape output_shape(const Tensor& x) const { return x.shape(); }
  Tensor forward(const Tensor& x) const {
    Tensor out = empty_like(x);
    GG_KERNEL(x.device(), random_dropout, out.array(), x.array(), &state, 1 - p);
    return out;
  }
  Tensors vjp(const Vjp& c) const { return {apply(*this, c.grad())}; }
  Tensor jvp(const Jvp& c) const { return with_same_factors(*this, c); }
};

// One factor of dropout for each channel of [N, C, ...].
struct FeatureDropout {
  static constexpr const char* name = "feature_dropout";
  static constexpr unsigned saves = kSaveNothing;
  static constexpr bool zero_if_any_input_is_zero = true;
  static constexpr bool affine = true;
  double p;
  Generator::State state;
  Shape output_shape(const Tensor& x) const { return x.shape(); }
  Tensor factors(const Tensor& x) const {
    Shape shape = x.shape();
    for (int i = 2; i < shape.rank(); ++i) shape[i] = 1;
    return Dropout{p, state}.forward(ones(shape, x.options()));
  }
  Tensor forward(const Tensor& x) const { return x * factors(x); }
  Tensors vjp(const Vjp& c) const { return {apply(*this, c.grad())}; }
  Tensor jvp(const Jvp& c) const { return c.tangent(0) * factors(c.input(0)); }
};

template <Noise kind>
struct NoiseDropout {
  static constexpr const char* name = kind == Noise::uniform ? "uniform_dropout" : "gaussian_dropout";
  static constexpr unsigned saves = kSaveNothing;
  static constexpr bool zero_if_any_input_is_zero = true;
  static constexpr bool affine = true;
  double width;
  Generator::State state;
  Shape output_shape(const Tensor& x) const { return x.shape(); }
  Tensor forward(const Tensor& x) const {
    Tensor out = empty_like(x);
    GG_KERNEL(x.device(), random_noise, out.array(), x.array(), &state, kind, width);
    return out;
  }
  Tensors vjp(const Vjp& c) const { return {apply(*this, c.grad())}; }
  Tensor jvp(const Jvp& c) const { return with_same_factors(*this, c); }
};

using detail::check_floating;

void check_probability(const char* op, double p) {
  GG_CHECK(p >= 0 && p < 1, op, ": the probability must be in [0, 1), got ", p);
}

void check_width(const char* op, const char* what, double width) {
  GG_CHECK(width >= 0 && std::isfinite(width), op, ": the ", what, " must be finite and not negative, got ", width);
}

template <Noise kind>
Tensor noise_dropout(const char* what, const Tensor& x, double width, bool training, Generator& generator) {
  using Op = NoiseDropout<kind>;
  check_width(Op::name, what, width);
  check_floating(Op::name, x);
  if (!training || width == 0) return x;
  return apply(Op{width, generator.reserve(philox_blocks(x.numel(), x.dtype() == f64 ? 2 : 4))}, x);
}

Tensor channel_dropout(const char* op, const char* layout, int rank, const Tensor& x, double p, bool training,
                       Generator& generator) {
  check_probability(op, p);
  GG_CHECK(x.rank() == rank, op, ": expected ", layout, ", got shape ", x.shape(),
           ". A single sample needs a batch axis: unsqueeze(x, 0)");
  return feature_dropout(x, p, training, generator);
}

}  // namespace

Tensor dropout(const Tensor& x, double p, bool training, Generator& generator) {
  check_probability("dropout", p);
  check_floating("dropout", x);
  if (!training || p == 0) return x;
  return apply(Dropout{p, generator.reserve(philox_blocks(x.numel(), 4))}, x);
}

Tensor feature_dropout(const Tensor& x, double p, bool training, Generator& generator) {
  check_probability("feature_dropout", p);
  check_floating("feature_dropout", x);
  GG_CHECK(x.rank() >= 2, "feature_dropout: expected [N, C, ...], got shape ", x.shape());
  if (!training || p == 0) return x;
  return apply(FeatureDropout{p, generator.reserve(philox_blocks(x.size(0) * x.size(1), 4))}, x);
}

Tensor dropout1d(const Tensor& x, double p, bool training, Generator& generator) {
  return channel_dropout("dropout1d", "[N, C, L]", 3, x, p, training, generator);
}
Tensor dropout2d(const Tensor& x, double p, bool training, Generator& generator) {
  return channel_dropout("dropout2d", "[N, C, H, W]", 4, x, p, training, generator);
}
Tensor dropout3d(const Tensor& x, double p, bool training, Generator& generator) {
  return channel_dropout("dropout3d", "[N, C, D, H, W]", 5, x, p, training, generator);
}

Tensor uniform_dropout(const Tensor& x, double width, bool training, Generator& generator) {
  return noise_dropout<Noise::uniform>("width", x, width, training, generator);
}

Tensor gaussian_dropout(const Tensor& x, double std, bool training, Generator& generator) {
  return noise_dropout<Noise::normal>("standard deviation", x, std, training, generator);
}

Tensor gaussian_noise(const Tensor& x, double std, bool training, Generator& generator) {
  check_width("gaussian_noise", "standard deviation", std);
  check_floating("gaussian_noise", x);
  if (!training || std == 0) return x;
  return x + randn_like(x, {}, generator) * std;
}

}  // namespace gg
