// Real<S, Target>: a float, a double or a pack of floats (core/pack.h) as elementwise functors (ops/functors/) see it.
//
// A functor is written once, as a template on its number type, and is instantiated with Real for values, with
// Jet<Real, N> (core/jet.h) for derivatives and with Dependency (core/dependency.h) to find out which derivatives
// exist. All three understand the same vocabulary, found by argument-dependent lookup:
//   + - * /, comparisons, select(condition, a, b), literals (1 + x, x >= 0, lit<T>(0.5)),
//   divide_1_to_2(a, b): a / b for b in [1, 2], faster,
//   exp expm1 log log1p sqrt pow sin cos tanh sech2 asin acos atan erf erfinv normal_cdf gelu abs sign floor,
//   exp_minus_abs(x): e^-|x|, with the derivatives of e^-x at 0,
//   scaled(x, s): x·s where s = 0 wins over an infinite x, for factors that vanish faster than any x grows.
// Conditions combine by & | and !; there is no control flow, so that loops over functors become vector code. A
// condition is kept as `auto c = x > 0`, not as a bool: for a pack it is sixteen of them.
#pragma once

#include <type_traits>
#include <utility>

#include "core/special_math.h"

namespace gg {

template <class S, class Target>
struct Real {
  S value;
  /// What a comparison yields.
  using Condition = decltype(std::declval<S>() < std::declval<S>());

  Real() = default;
  template <class A>
  requires(std::is_arithmetic_v<A> || std::is_same_v<A, S>) GG_HD Real(A a) : value(static_cast<S>(a)) {}

  friend GG_HD Real operator-(Real a) { return -a.value; }
  friend GG_HD Real operator+(Real a, Real b) { return a.value + b.value; }
  friend GG_HD Real operator-(Real a, Real b) { return a.value - b.value; }
  friend GG_HD Real operator*(Real a, Real b) { return a.value * b.value; }
  friend GG_HD Real operator/(Real a, Real b) { return a.value / b.value; }

  friend GG_HD Condition operator==(Real a, Real b) { return a.value == b.value; }
  friend GG_HD Condition operator!=(Real a, Real b) { return a.value != b.value; }
  friend GG_HD Condition operator<(Real a, Real b) { return a.value < b.value; }
  friend GG_HD Condition operator<=(Real a, Real b) { return a.value <= b.value; }
  friend GG_HD Condition operator>(Real a, Real b) { return a.value > b.value; }
  friend GG_HD Condition operator>=(Real a, Real b) { return a.value >= b.value; }
  friend GG_HD Real select(Condition c, Real a, Real b) { return math::select(c, a.value, b.value); }

  friend GG_HD Real divide_1_to_2(Real a, Real b) { return math::divide_1_to_2<Target>(a.value, b.value); }
  friend GG_HD Real scaled(Real x, Real s) { return select(s == 0, s, x * s); }
  friend GG_HD Real abs(Real x) { return math::abs(x.value); }
  friend GG_HD Real sign(Real x) { return select(x > 0, Real(1), select(x < 0, Real(-1), x)); }
  friend GG_HD Real floor(Real x) { return math::floor<Target>(x.value); }
  friend GG_HD Real sqrt(Real x) { return math::sqrt<Target>(x.value); }
  friend GG_HD Real exp(Real x) { return math::exp<Target>(x.value); }
  friend GG_HD Real exp_minus_abs(Real x) { return math::exp_minus_abs<Target>(x.value); }
  friend GG_HD Real expm1(Real x) { return math::expm1<Target>(x.value); }
  friend GG_HD Real log(Real x) { return math::log<Target>(x.value); }
  friend GG_HD Real log1p(Real x) { return math::log1p<Target>(x.value); }
  friend GG_HD Real pow(Real x, Real y) { return math::pow<Target>(x.value, y.value); }
  friend GG_HD Real sin(Real x) { return math::sin<Target>(x.value); }
  friend GG_HD Real cos(Real x) { return math::cos<Target>(x.value); }
  friend GG_HD Real tanh(Real x) { return math::tanh<Target>(x.value); }
  friend GG_HD Real asin(Real x) { return math::asin<Target>(x.value); }
  friend GG_HD Real acos(Real x) { return math::acos<Target>(x.value); }
  friend GG_HD Real atan(Real x) { return math::atan<Target>(x.value); }
  friend GG_HD Real erf(Real x) { return math::erf<Target>(x.value); }
  friend GG_HD Real erfinv(Real x) { return math::erfinv<Target>(x.value); }
  friend GG_HD Real normal_cdf(Real x) { return math::normal_cdf<Target>(x.value); }
  friend GG_HD Real gelu(Real x) { return math::gelu<Target>(x.value); }

  /// exp(-scale·x²) for scale 1 or ½: erf and normal_cdf have it as derivative.
  friend GG_HD Real exp_of_square(Real x, double scale) {
    return math::exp_of_square<Target>(x.value, static_cast<S>(scale));
  }
  friend GG_HD Real sech2(Real x) {
    S e = math::exp_minus_abs<Target>(2 * x.value), d = 1 + e;
    return 4 * e / (d * d);
  }
};

/// The literal c as a number of type T. Written-out literals beside a T convert by themselves.
template <class T, class A>
GG_HD T lit(A c) {
  return T(c);
}

}  // namespace gg
