// DeepJet<V>: all derivatives up to order 8 in V variables at once, computed out of line in double.
//
// The vector kernels (cpu/elementwise_kernels.h) serve low orders with short jets that are fully inlined; above their
// depth a functor runs on a DeepJet instead. It is Jet of order 8 (for V = 2, a jet of jets) behind ordinary functions,
// compiled once in deep_jet.cpp, so a functor costs next to nothing to compile for all high orders together.
#pragma once

#include "core/jet.h"

namespace gg {

// The functions of one argument in the vocabulary of core/number.h.
// clang-format off
#define GG_VOCABULARY(X)                                                                                    \
  X(abs) X(sign) X(floor) X(sqrt) X(exp) X(exp_minus_abs) X(expm1) X(log) X(log1p) X(sin) X(cos) X(tanh)  \
  X(sech2) X(asin) X(acos) X(atan) X(erf) X(erfinv) X(normal_cdf) X(gelu)
// clang-format on

template <int V>
class DeepJet;

namespace detail {
using DeepReal = Real<double, cpu::Baseline>;
template <int V>
struct DeepJetOf {
  using Type = Jet<DeepReal, kMaxJetOrder>;
};
template <>
struct DeepJetOf<2> {
  using Type = Jet<DeepJet<1>, kMaxJetOrder>;
};
}  // namespace detail

template <int V>
class DeepJet {
 public:
  using Condition = bool;

  DeepJet() : DeepJet(0) {}
  template <class A>
  requires std::is_arithmetic_v<A> DeepJet(A a) : DeepJet(constant(static_cast<double>(a))) {}
  static DeepJet constant(double a);
  /// Variable `index` (0 or 1) at `a`.
  static DeepJet variable(double a, int index);

  /// The derivative of order i in the first and j in the second variable.
  double partial(int i, int j = 0) const;

  friend DeepJet operator-(const DeepJet& a) { return negated(a); }
  friend DeepJet operator+(const DeepJet& a, const DeepJet& b) { return sum(a, b); }
  friend DeepJet operator-(const DeepJet& a, const DeepJet& b) { return difference(a, b); }
  friend DeepJet operator*(const DeepJet& a, const DeepJet& b) { return product(a, b); }
  friend DeepJet operator/(const DeepJet& a, const DeepJet& b) { return quotient(a, b); }
  friend DeepJet divide_1_to_2(const DeepJet& a, const DeepJet& b) { return a / b; }
  friend DeepJet scaled(const DeepJet& x, const DeepJet& s) { return scaled_of(x, s); }
  friend DeepJet pow(const DeepJet& x, const DeepJet& y) { return pow_of(x, y); }
  friend DeepJet exp_of_square(const DeepJet& x, double scale) { return exp_of_square_of(x, scale); }

  friend bool operator==(const DeepJet& a, const DeepJet& b) { return a.partial(0) == b.partial(0); }
  friend bool operator!=(const DeepJet& a, const DeepJet& b) { return a.partial(0) != b.partial(0); }
  friend bool operator<(const DeepJet& a, const DeepJet& b) { return a.partial(0) < b.partial(0); }
  friend bool operator<=(const DeepJet& a, const DeepJet& b) { return a.partial(0) <= b.partial(0); }
  friend bool operator>(const DeepJet& a, const DeepJet& b) { return a.partial(0) > b.partial(0); }
  friend bool operator>=(const DeepJet& a, const DeepJet& b) { return a.partial(0) >= b.partial(0); }
  friend DeepJet select(bool condition, const DeepJet& a, const DeepJet& b) { return condition ? a : b; }

#define GG_DECLARE(name) \
  friend DeepJet name(const DeepJet& x) { return name##_of(x); }
  GG_VOCABULARY(GG_DECLARE)
#undef GG_DECLARE

 private:
  using Jets = typename detail::DeepJetOf<V>::Type;
  explicit DeepJet(const Jets& jets) : jets_(jets) {}

  static DeepJet negated(const DeepJet& a);
  static DeepJet sum(const DeepJet& a, const DeepJet& b);
  static DeepJet difference(const DeepJet& a, const DeepJet& b);
  static DeepJet product(const DeepJet& a, const DeepJet& b);
  static DeepJet quotient(const DeepJet& a, const DeepJet& b);
  static DeepJet scaled_of(const DeepJet& x, const DeepJet& s);
  static DeepJet pow_of(const DeepJet& x, const DeepJet& y);
  static DeepJet exp_of_square_of(const DeepJet& x, double scale);
#define GG_DECLARE(name) static DeepJet name##_of(const DeepJet& x);
  GG_VOCABULARY(GG_DECLARE)
#undef GG_DECLARE

  Jets jets_;
};

extern template class DeepJet<1>;
extern template class DeepJet<2>;

}  // namespace gg
