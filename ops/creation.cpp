#include "ops/creation.h"

#include <cmath>

#include "autograd/raw.h"
#include "core/dispatch.h"
#include "core/grad_mode.h"
#include "cpu/copy.h"
#include "cpu/random.h"
#include "cuda/copy.h"
#include "cuda/random.h"
#include "ops/elementwise.h"
#include "ops/shape.h"

namespace gg {
namespace {

// The same numbers on every device. `words` is how many 32-bit numbers one element takes.
template <class Fill>
Tensor random(const Shape& shape, TensorOptions o, Generator& generator, int words, const Fill& fill) {
  Tensor out = empty(shape, o);
  Generator::State state = generator.reserve(philox_blocks(out.numel(), 4 / words));
  fill(out, state);
  return out;
}

int words_of(DType t) { return t == f64 ? 2 : 1; }

// Drawn as int64, and converted.
template <class Fill>
Tensor random_integers(const Shape& shape, IntegerOptions o, Generator& generator, const Fill& fill) {
  return to(random(shape, {i64, o.device}, generator, 2, fill), o.dtype);
}

void check_floating_type(DType t, const char* op) {
  GG_CHECK(is_floating(t), op, ": expected a floating dtype, got ", name_of(t));
}

void check_integer_type(DType t, const char* op) {
  GG_CHECK(t != boolean, op, ": expected int64 or a floating dtype, got ", name_of(t));
}

TensorOptions options_of(const Tensor& like, const LikeOptions& o) {
  return {o.dtype.value_or(like.dtype()), o.device.value_or(like.device())};
}

}  // namespace

Tensor full(const Shape& shape, Scalar value, TensorOptions options) {
  if (options.dtype != i64) return raw::full(shape, value.to_double(), options);
  int64_t whole = value.to_int64("full");
  Tensor out = empty(shape, options);
  GG_KERNEL(out.device(), fill, out.array(), whole);
  return out;
}
Tensor zeros(const Shape& shape, TensorOptions options) { return raw::full(shape, 0, options); }
Tensor ones(const Shape& shape, TensorOptions options) { return raw::full(shape, 1, options); }
Tensor full_like(const Tensor& like, Scalar value, const LikeOptions& o) {
  return full(like.shape(), value, options_of(like, o));
}
Tensor zeros_like(const Tensor& like, const LikeOptions& o) { return full_like(like, 0, o); }
Tensor ones_like(const Tensor& like, const LikeOptions& o) { return full_like(like, 1, o); }

Tensor arange(double start, double end, double step, IntegerOptions options) {
  GG_CHECK(step != 0 && std::isfinite(start) && std::isfinite(end) && std::isfinite(step),
           "arange: expected finite numbers and a step other than 0, got ", start, " to ", end, " by ", step);
  auto count = static_cast<int64_t>(std::max(0.0, std::ceil((end - start) / step)));
  Tensor out = empty({count}, {options.dtype, options.device});
  GG_KERNEL(out.device(), arange, out.array(), start, step);
  return out;
}

Tensor linspace(double start, double end, int64_t count, TensorOptions options) {
  GG_CHECK(count >= 1, "linspace: expected at least one number, got ", count);
  check_floating_type(options.dtype, "linspace");
  if (count == 1) return full({1}, start, options);
  NoGrad off;
  Tensor t = arange(0, static_cast<double>(count), 1, {options.dtype, options.device}) / (count - 1);
  return (1 - t) * start + t * end;  // hits both ends
}

Tensor eye(int64_t n, TensorOptions options) {
  GG_CHECK(n >= 0, "eye: the size must not be negative, got ", n);
  if (n == 0) return zeros({0, 0}, options);
  return one_hot(arange(0, static_cast<double>(n)), n, {options.dtype, options.device});
}

Tensor one_hot(const Tensor& index, int64_t classes, const LikeOptions& o) {
  GG_CHECK(index.dtype() == i64, "one_hot: positions must be int64, got ", name_of(index.dtype()));
  GG_CHECK(classes >= 1, "one_hot: expected at least one class, got ", classes);
  Tensor column = arange(0, static_cast<double>(classes), 1, {.device = index.device()});
  Tensor hot = to(eq(unsqueeze(index, -1), column), o.dtype.value_or(f32));
  return to(hot, o.device.value_or(index.device()));
}

Tensor rand(const Shape& shape, TensorOptions o, Generator& generator) {
  check_floating_type(o.dtype, "rand");
  return random(shape, o, generator, words_of(o.dtype),
                [](const Tensor& t, Generator::State s) { GG_KERNEL(t.device(), random_uniform, t.array(), &s); });
}

Tensor randn(const Shape& shape, TensorOptions o, Generator& generator) {
  check_floating_type(o.dtype, "randn");
  return random(shape, o, generator, words_of(o.dtype),
                [](const Tensor& t, Generator::State s) { GG_KERNEL(t.device(), random_normal, t.array(), &s); });
}

Tensor rand_like(const Tensor& like, const LikeOptions& o, Generator& generator) {
  return rand(like.shape(), options_of(like, o), generator);
}
Tensor randn_like(const Tensor& like, const LikeOptions& o, Generator& generator) {
  return randn(like.shape(), options_of(like, o), generator);
}

Tensor randint(int64_t low, int64_t high, const Shape& shape, IntegerOptions o, Generator& generator) {
  GG_CHECK(low < high, "randint: the range from ", low, " to ", high, " is empty");
  check_integer_type(o.dtype, "randint");
  return random_integers(shape, o, generator, [&](const Tensor& t, Generator::State s) {
    GG_KERNEL(t.device(), random_integers, t.array(), &s, low, high);
  });
}

Tensor bernoulli(const Shape& shape, double p, TensorOptions o, Generator& generator) {
  GG_CHECK(p >= 0 && p <= 1, "bernoulli: the probability must be in [0, 1], got ", p);
  return random(shape, o, generator, 1, [&](const Tensor& t, Generator::State s) {
    GG_KERNEL(t.device(), random_bernoulli, t.array(), &s, p);
  });
}

Tensor randperm(int64_t n, IntegerOptions o, Generator& generator) {
  GG_CHECK(n >= 0, "randperm: expected a number of elements, got ", n);
  check_integer_type(o.dtype, "randperm");
  return random_integers({n}, o, generator, [](const Tensor& t, Generator::State s) {
    GG_KERNEL(t.device(), random_permutation, t.array(), &s);
  });
}

}  // namespace gg
