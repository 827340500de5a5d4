#include "ops/elementwise.h"

#include <optional>

#include "autograd/apply.h"
#include "ops/creation.h"
#include "ops/curvature.h"
#include "ops/elementwise_apply.h"
#include "ops/elementwise_run.h"
#include "ops/functors/activations.h"
#include "ops/functors/arithmetic.h"
#include "ops/functors/exponential.h"
#include "ops/functors/gamma.h"
#include "ops/functors/hyperbolic.h"
#include "ops/functors/powers.h"
#include "ops/functors/scalars.h"
#include "ops/functors/special.h"
#include "ops/tangent.h"

namespace gg {
namespace {

using detail::check_floating;
using detail::check_same;
using detail::kNoParameters;
using detail::run_elementwise;

Tensor run_arithmetic(Plain op, const char* name, const Tensor& a, const Tensor& b) {
  const ElementwiseKernel& kernel = plain_kernel(op, a.dtype());
  GG_CHECK(kernel.cpu, name, ": expected floating or int64 tensors, got ", name_of(a.dtype()));
  return run_elementwise(name, kernel, kNoParameters, a.dtype(), {&a, &b});
}

// A tangent or its negative in the shape of the output's tangent: sums do not shrink what they broadcast.
Tensor expanded_tangent(const Jvp& c, int i) {
  if (c.shared()) return c.tangent(i);
  return expand(aligned_tangent(c, i, c.output().rank()), with_directions(c, c.output().shape()));
}

struct Add {
  static constexpr const char* name = "add";
  static constexpr unsigned saves = kSaveNothing;
  static constexpr bool affine = true;
  std::optional<Tensor> carried_scale(const Jvp& c) const { return same_scale(c); }
  Tensor forward(const Tensor& a, const Tensor& b) const { return run_arithmetic(Plain::add, name, a, b); }
  Tensors vjp(const Vjp& c) const { return {c.grad(), c.grad()}; }
  Tensor jvp(const Jvp& c) const {
    return add_tangents(c.has(0) ? expanded_tangent(c, 0) : Tensor(), c.has(1) ? expanded_tangent(c, 1) : Tensor());
  }
};

struct Sub {
  static constexpr const char* name = "sub";
  static constexpr unsigned saves = kSaveNothing;
  static constexpr bool affine = true;
  std::optional<Tensor> carried_scale(const Jvp& c) const { return same_scale(c); }
  Tensor forward(const Tensor& a, const Tensor& b) const { return run_arithmetic(Plain::sub, name, a, b); }
  Tensors vjp(const Vjp& c) const { return {c.grad(), c.needs(1) ? neg(c.grad()) : Tensor()}; }
  Tensor jvp(const Jvp& c) const {
    if (c.has(0) && c.has(1)) return sub(expanded_tangent(c, 0), expanded_tangent(c, 1));
    return c.has(0) ? expanded_tangent(c, 0) : neg(expanded_tangent(c, 1));
  }
};

struct Mul {
  static constexpr const char* name = "mul";
  static constexpr unsigned saves = kSaveInputs;
  static constexpr bool zero_if_any_input_is_zero = true;
  Shape output_shape(const Tensor& a, const Tensor& b) const { return broadcast_shapes(a.shape(), b.shape(), name); }
  Tensor forward(const Tensor& a, const Tensor& b) const { return run_arithmetic(Plain::mul, name, a, b); }
  Tensors vjp(const Vjp& c) const {
    return {c.needs(0) ? mul(c.grad(), c.input(1)) : Tensor(), c.needs(1) ? mul(c.grad(), c.input(0)) : Tensor()};
  }
  Tensor jvp(const Jvp& c) const {
    int rank = c.output().rank();
    return add_tangents(c.has(0) ? mul(aligned_tangent(c, 0, rank), c.input(1)) : Tensor(),
                        c.has(1) ? mul(c.input(0), aligned_tangent(c, 1, rank)) : Tensor());
  }
  Tensor curvature(const Jvp& c) const {
    if (!c.has(0) || !c.has(1)) return {};
    int rank = c.output().rank();
    return in_shape_of_output(c, 2 * sum_products(aligned_tangent(c, 0, rank), aligned_tangent(c, 1, rank)));
  }
};

// The values of a functor, recorded by those who call it.
template <class F>
Tensor value_of(const F& f, const Tensor& x) {
  static const UnaryKernels& kernels = elementwise_kernels<F>();
  return run_elementwise(F::name, kernels.by_input[x.dtype() == f32 ? 0 : 1][0], detail::functor_bytes(f), x.dtype(),
                         {&x});
}

// −x, x·c, x / c: each is its own derivative.
template <class F>
struct Linear {
  static constexpr const char* name = F::name;
  static constexpr unsigned saves = kSaveNothing;
  static constexpr bool zero_if_any_input_is_zero = true;
  static constexpr bool affine = true;
  std::optional<Tensor> carried_scale(const Jvp& c) const { return same_scale(c); }
  F f;
  Shape output_shape(const Tensor& x) const { return x.shape(); }
  Tensor forward(const Tensor& x) const { return value_of(f, x); }
  Tensors vjp(const Vjp& c) const { return {apply(*this, c.grad())}; }
  Tensor jvp(const Jvp& c) const { return apply(*this, c.tangent(0)); }
};

Tensor times_slope(const Tensor& g, const AddScalar&) { return g; }
Tensor times_slope(const Tensor& g, const ScalarSub&) { return neg(g); }
Tensor times_slope(const Tensor& g, const Affine& f) { return mul(g, f.scale); }

// x + c, c − x, a·x + b.
template <class F>
struct Shifted {
  static constexpr const char* name = F::name;
  static constexpr unsigned saves = kSaveNothing;
  static constexpr bool affine = true;
  std::optional<Tensor> carried_scale(const Jvp& c) const { return same_scale(c); }
  F f;
  Tensor forward(const Tensor& x) const { return value_of(f, x); }
  Tensors vjp(const Vjp& c) const { return {times_slope(c.grad(), f)}; }
  Tensor jvp(const Jvp& c) const { return times_slope(c.tangent(0), f); }
};

struct Where {
  static constexpr const char* name = "where";
  static constexpr unsigned saves = kSaveNothing;
  static constexpr bool affine = true;
  Saved condition;  // no input: nothing is ever differentiated with respect to it
  Tensor forward(const Tensor& a, const Tensor& b) const {
    return run_elementwise(name, where_kernel(a.dtype()), kNoParameters, a.dtype(), {&condition.get(name), &a, &b});
  }
  Tensors vjp(const Vjp& c) const {
    Tensor none = symbolic_zeros({}, c.grad().options());
    return {c.needs(0) ? where(condition.get(name), c.grad(), none) : Tensor(),
            c.needs(1) ? where(condition.get(name), none, c.grad()) : Tensor()};
  }
  Tensor jvp(const Jvp& c) const {
    Tensor none = symbolic_zeros({}, c.output().options());
    int rank = c.output().rank();
    Tensor t = where(condition.get(name), c.has(0) ? aligned_tangent(c, 0, rank) : none,
                     c.has(1) ? aligned_tangent(c, 1, rank) : none);
    return expand(t, with_directions(c, c.output().shape()));  // the input without a tangent may be the larger one
  }
};

Tensor compare(Plain op, const char* name, const Tensor& a, const Tensor& b) {
  check_same(name, a, b);
  return run_elementwise(name, plain_kernel(op, a.dtype()), kNoParameters, boolean, {&a, &b});
}

void check_number(const char* op, const Tensor& x) {
  GG_CHECK(is_floating(x.dtype()) || x.dtype() == i64, op, ": expected a floating or int64 tensor, got ",
           name_of(x.dtype()), ". Convert it with to(x, f32)");
}

void check_bool(const char* op, const Tensor& x) {
  GG_CHECK(x.dtype() == boolean, op, ": expected a bool tensor, got ", name_of(x.dtype()),
           ". Convert it with to(x, boolean)");
}

// The number beside an int64 tensor, whose loops take two tensors.
Tensor as_tensor(Scalar c, const Tensor& beside, const char* op) {
  return full({}, c.to_int64(op, ". Convert it with to(x, f32)"), beside.options());
}

// zero + x: x itself, broadcast to the shape of the sum.
Tensor other_summand(const Tensor& zero, const Tensor& x, const char* name) {
  return expand(x, broadcast_shapes(zero.shape(), x.shape(), name));
}

}  // namespace

Tensor add(const Tensor& a, const Tensor& b) {
  check_same(Add::name, a, b);
  if (a.is_symbolic_zero()) return other_summand(a, b, Add::name);
  if (b.is_symbolic_zero()) return other_summand(b, a, Add::name);
  return apply(Add{}, a, b);
}

Tensor sub(const Tensor& a, const Tensor& b) {
  check_same(Sub::name, a, b);
  if (a.is_symbolic_zero()) return other_summand(a, neg(b), Sub::name);
  if (b.is_symbolic_zero()) return other_summand(b, a, Sub::name);
  return apply(Sub{}, a, b);
}

Tensor mul(const Tensor& a, const Tensor& b) {
  check_same(Mul::name, a, b);
  return apply(Mul{}, a, b);
}

Tensor div(const Tensor& a, const Tensor& b) { return elementwise(Div{}, a, b); }

Tensor neg(const Tensor& x) {
  if (x.dtype() == i64) return sub(as_tensor(0, x, Neg::name), x);
  check_number(Neg::name, x);
  return apply(Linear<Neg>{}, x);
}

Tensor add(const Tensor& x, Scalar c) {
  if (x.dtype() == i64) return add(x, as_tensor(c, x, "add"));
  check_number("add", x);
  return apply(Shifted<AddScalar>{{c.to_double()}}, x);
}

Tensor sub(const Tensor& x, Scalar c) {
  if (x.dtype() == i64) return sub(x, as_tensor(c, x, "sub"));
  check_number("sub", x);
  return apply(Shifted<AddScalar>{{-c.to_double()}}, x);
}

Tensor sub(Scalar c, const Tensor& x) {
  if (x.dtype() == i64) return sub(as_tensor(c, x, "sub"), x);
  check_number("sub", x);
  return apply(Shifted<ScalarSub>{{c.to_double()}}, x);
}

Tensor mul(const Tensor& x, Scalar c) {
  if (x.dtype() == i64) return mul(x, as_tensor(c, x, "mul"));
  check_number("mul", x);
  return apply(Linear<MulScalar>{{c.to_double()}}, x);
}

Tensor div(const Tensor& x, Scalar c) {
  check_floating("div", x);
  return apply(Linear<DivScalar>{{c.to_double()}}, x);
}

Tensor div(Scalar c, const Tensor& x) {
  check_floating("div", x);
  return elementwise(ScalarDiv{c.to_double()}, x);
}

Tensor affine(const Tensor& x, double scale, double shift) {
  check_floating("affine", x);
  return apply(Shifted<Affine>{{scale, shift}}, x);
}

Tensor eq(const Tensor& a, const Tensor& b) { return compare(Plain::eq, "eq", a, b); }
Tensor ne(const Tensor& a, const Tensor& b) { return compare(Plain::ne, "ne", a, b); }
Tensor lt(const Tensor& a, const Tensor& b) { return compare(Plain::lt, "lt", a, b); }
Tensor le(const Tensor& a, const Tensor& b) { return compare(Plain::le, "le", a, b); }
Tensor gt(const Tensor& a, const Tensor& b) { return compare(Plain::gt, "gt", a, b); }
Tensor ge(const Tensor& a, const Tensor& b) { return compare(Plain::ge, "ge", a, b); }

Tensor logical_not(const Tensor& x) {
  check_bool("logical_not", x);
  return eq(x, full({}, false, x.options()));
}

Tensor logical_and(const Tensor& a, const Tensor& b) {
  check_bool("logical_and", a);
  check_same("logical_and", a, b);
  return where(a, b, a);
}

Tensor logical_or(const Tensor& a, const Tensor& b) {
  check_bool("logical_or", a);
  check_same("logical_or", a, b);
  return where(a, a, b);
}

Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b) {
  GG_CHECK(condition.dtype() == boolean, "where: the condition must be bool, got ", name_of(condition.dtype()));
  GG_CHECK(condition.device() == a.device(), "where: the condition is on ", condition.device(), ", the tensors on ",
           a.device());
  check_same(Where::name, a, b);
  return apply(Where{Saved(condition)}, a, b);
}

Tensor maximum(const Tensor& a, const Tensor& b) { return elementwise(Maximum{}, a, b); }
Tensor minimum(const Tensor& a, const Tensor& b) { return elementwise(Minimum{}, a, b); }
Tensor lerp(const Tensor& a, const Tensor& b, double weight) { return elementwise(Lerp{weight}, a, b); }
Tensor lerp(const Tensor& a, const Tensor& b, const Tensor& weight) { return a + weight * (b - a); }

Tensor exp(const Tensor& x) { return elementwise(Exp{}, x); }
Tensor log(const Tensor& x) { return elementwise(Log{}, x); }
Tensor log1p(const Tensor& x) { return elementwise(Log1p{}, x); }
Tensor expm1(const Tensor& x) { return elementwise(Expm1{}, x); }
Tensor sqrt(const Tensor& x) { return elementwise(Sqrt{}, x); }
Tensor rsqrt(const Tensor& x) { return elementwise(Rsqrt{}, x); }
Tensor reciprocal(const Tensor& x) { return elementwise(Reciprocal{}, x); }
Tensor square(const Tensor& x) { return elementwise(Square{}, x); }
Tensor pow(const Tensor& x, double exponent) {
  check_floating("pow", x);
  return elementwise(PowScalar{exponent}, x);
}
Tensor pow(const Tensor& x, const Tensor& exponent) { return elementwise(Pow{}, x, exponent); }
Tensor abs(const Tensor& x) { return elementwise(Abs{}, x); }
Tensor sign(const Tensor& x) { return elementwise(Sign{}, x); }
Tensor floor(const Tensor& x) { return elementwise(Floor{}, x); }
Tensor ceil(const Tensor& x) { return elementwise(Ceil{}, x); }
Tensor round(const Tensor& x) { return elementwise(Round{}, x); }
Tensor sin(const Tensor& x) { return elementwise(Sin{}, x); }
Tensor cos(const Tensor& x) { return elementwise(Cos{}, x); }
Tensor tan(const Tensor& x) { return elementwise(Tan{}, x); }
Tensor asin(const Tensor& x) { return elementwise(Asin{}, x); }
Tensor acos(const Tensor& x) { return elementwise(Acos{}, x); }
Tensor atan(const Tensor& x) { return elementwise(Atan{}, x); }
Tensor atan2(const Tensor& y, const Tensor& x) { return elementwise(Atan2{}, y, x); }
Tensor hypot(const Tensor& a, const Tensor& b) { return elementwise(Hypot{}, a, b); }
Tensor sinh(const Tensor& x) { return elementwise(Sinh{}, x); }
Tensor cosh(const Tensor& x) { return elementwise(Cosh{}, x); }
Tensor tanh(const Tensor& x) { return elementwise(Tanh{}, x); }
Tensor asinh(const Tensor& x) { return elementwise(Asinh{}, x); }
Tensor acosh(const Tensor& x) { return elementwise(Acosh{}, x); }
Tensor atanh(const Tensor& x) { return elementwise(Atanh{}, x); }
Tensor erf(const Tensor& x) { return elementwise(Erf{}, x); }
Tensor erfinv(const Tensor& x) { return elementwise(Erfinv{}, x); }
Tensor lgamma(const Tensor& x) { return elementwise(Lgamma{}, x); }
Tensor digamma(const Tensor& x) { return elementwise(Digamma{}, x); }
Tensor sigmoid(const Tensor& x) { return elementwise(Sigmoid{}, x); }
Tensor silu(const Tensor& x) { return elementwise(Silu{}, x); }
Tensor relu(const Tensor& x) { return elementwise(Relu{}, x); }
Tensor leaky_relu(const Tensor& x, double negative_slope) { return elementwise(LeakyRelu{negative_slope}, x); }
Tensor elu(const Tensor& x, double alpha) { return elementwise(Elu{alpha}, x); }
Tensor gelu(const Tensor& x) { return elementwise(Gelu{}, x); }
Tensor gelu_tanh(const Tensor& x) { return elementwise(GeluTanh{}, x); }
Tensor mish(const Tensor& x) { return elementwise(Mish{}, x); }
Tensor logsigmoid(const Tensor& x) { return elementwise(Logsigmoid{}, x); }
Tensor softsign(const Tensor& x) { return elementwise(Softsign{}, x); }
Tensor selu(const Tensor& x) { return elementwise(Selu{}, x); }

Tensor celu(const Tensor& x, double alpha) {
  GG_CHECK(alpha != 0, "celu: alpha must not be 0");
  return elementwise(Celu{alpha}, x);
}

Tensor hardtanh(const Tensor& x, double min, double max) {
  GG_CHECK(min <= max, "hardtanh: min must not exceed max, got ", min, " and ", max);
  return elementwise(Hardtanh{min, max}, x);
}

Tensor softplus(const Tensor& x, double beta) {
  GG_CHECK(beta > 0, "softplus: beta must be positive, got ", beta);
  return elementwise(Softplus{beta}, x);
}

Tensor clamp(const Tensor& x, double min, double max) {
  GG_CHECK(min <= max, "clamp: min must not exceed max, got ", min, " and ", max);
  return elementwise(Clamp{min, max}, x);
}

}  // namespace gg
