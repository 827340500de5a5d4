// Dependency<V>: evaluates a functor of V variables not to numbers but to facts about its derivatives.
//
// A functor (ops/functors/) instantiated with it yields, while compiling, for every partial derivative of order up to
// kMaxJetOrder: whether it vanishes identically, and which inputs it reads. Nobody declares that relu'' = 0 or that the
// b-derivative of a·b does not need b: partial_of derives it from the formula. The rules: a sum takes the union of its
// terms, a product follows Leibniz, a smooth function has the closure of its argument's derivatives under Faà di Bruno,
// and a condition counts as read by whatever it selects.
//
// The answer is safe, not always sharp: a derivative may be reported that cancels (x - x), never one missed. An integer
// literal 0 is known to be zero; any floating-point constant may be a parameter and is taken as arbitrary.
#pragma once

#include "core/jet.h"

namespace gg {

/// A partial derivative: whether it is zero everywhere, else the set of inputs it depends on (bit i for input i).
struct Partial {
  bool vanishes = true;
  unsigned char reads = 0;
  bool operator==(const Partial&) const = default;
};

template <int V>
class Dependency {
  static_assert(V == 1 || V == 2);

 public:
  static constexpr int kOrder = detail::kMaxJetOrder;

  /// What a comparison yields: the inputs that decide it.
  struct Condition {
    unsigned char reads = 0;
    GG_HD Condition(bool) {}
    explicit GG_HD Condition(int r) : reads(static_cast<unsigned char>(r)) {}
    friend GG_HD Condition operator&(Condition a, Condition b) { return Condition(a.reads | b.reads); }
    friend GG_HD Condition operator|(Condition a, Condition b) { return Condition(a.reads | b.reads); }
    GG_HD Condition operator!() const { return *this; }
  };

  Dependency() = default;
  template <class A>
  requires std::is_arithmetic_v<A> GG_HD Dependency(A a) { at(0, 0).vanishes = std::is_integral_v<A> && a == 0; }
  /// The variable `index` itself.
  static GG_HD Dependency variable(int index) {
    Dependency x;
    x.at(0, 0) = {false, static_cast<unsigned char>(1 << index)};
    (index == 0 ? x.at(1, 0) : x.at(0, 1)) = {false, 0};
    return x;
  }

  /// The derivative of order i in the first and j in the second variable, i + j ≤ kOrder.
  GG_HD Partial partial(int i, int j = 0) const { return partials_[i][j]; }

  friend GG_HD Dependency operator-(const Dependency& a) { return a; }
  friend GG_HD Dependency operator+(const Dependency& a, const Dependency& b) { return either(a, b, 0); }
  friend GG_HD Dependency operator-(const Dependency& a, const Dependency& b) { return either(a, b, 0); }
  friend GG_HD Dependency operator*(const Dependency& a, const Dependency& b) {
    Dependency y;
    each([&](int i, int j) {
      for (int p = 0; p <= i; ++p) {
        for (int q = 0; q <= j; ++q) {
          Partial f = a.partial(p, q), g = b.partial(i - p, j - q);
          if (!f.vanishes && !g.vanishes) y.add(i, j, f.reads | g.reads);
        }
      }
    });
    return y;
  }
  friend GG_HD Dependency operator/(const Dependency& a, const Dependency& b) { return a * smooth(b); }
  friend GG_HD Dependency divide_1_to_2(const Dependency& a, const Dependency& b) { return a / b; }
  friend GG_HD Dependency scaled(const Dependency& x, const Dependency& s) { return x * s; }

  friend GG_HD Condition operator==(const Dependency& a, const Dependency& b) { return both(a, b); }
  friend GG_HD Condition operator!=(const Dependency& a, const Dependency& b) { return both(a, b); }
  friend GG_HD Condition operator<(const Dependency& a, const Dependency& b) { return both(a, b); }
  friend GG_HD Condition operator<=(const Dependency& a, const Dependency& b) { return both(a, b); }
  friend GG_HD Condition operator>(const Dependency& a, const Dependency& b) { return both(a, b); }
  friend GG_HD Condition operator>=(const Dependency& a, const Dependency& b) { return both(a, b); }
  friend GG_HD Dependency select(Condition c, const Dependency& a, const Dependency& b) {
    return either(a, b, c.reads);
  }

  friend GG_HD Dependency abs(const Dependency& x) { return either(x, x, x.partial(0, 0).reads); }
  friend GG_HD Dependency sign(const Dependency& x) { return value_only(x); }
  friend GG_HD Dependency floor(const Dependency& x) { return value_only(x); }
  friend GG_HD Dependency exp(const Dependency& x) { return smooth(x); }
  friend GG_HD Dependency exp_minus_abs(const Dependency& x) { return smooth(x); }
  friend GG_HD Dependency expm1(const Dependency& x) { return smooth(x); }
  friend GG_HD Dependency log(const Dependency& x) { return smooth(x); }
  friend GG_HD Dependency log1p(const Dependency& x) { return smooth(x); }
  friend GG_HD Dependency sqrt(const Dependency& x) { return smooth(x); }
  friend GG_HD Dependency sin(const Dependency& x) { return smooth(x); }
  friend GG_HD Dependency cos(const Dependency& x) { return smooth(x); }
  friend GG_HD Dependency tanh(const Dependency& x) { return smooth(x); }
  friend GG_HD Dependency sech2(const Dependency& x) { return smooth(x); }
  friend GG_HD Dependency asin(const Dependency& x) { return smooth(x); }
  friend GG_HD Dependency acos(const Dependency& x) { return smooth(x); }
  friend GG_HD Dependency atan(const Dependency& x) { return smooth(x); }
  friend GG_HD Dependency erf(const Dependency& x) { return smooth(x); }
  friend GG_HD Dependency erfinv(const Dependency& x) { return smooth(x); }
  friend GG_HD Dependency normal_cdf(const Dependency& x) { return smooth(x); }
  friend GG_HD Dependency gelu(const Dependency& x) { return smooth(x); }
  friend GG_HD Dependency pow(const Dependency& x, const Dependency& y) { return smooth(x + y); }

 private:
  GG_HD Partial& at(int i, int j) { return partials_[i][j]; }
  GG_HD void add(int i, int j, int reads) { at(i, j) = {false, static_cast<unsigned char>(at(i, j).reads | reads)}; }

  /// fn(i, j) for every partial derivative, lower ones first.
  template <class Fn>
  static GG_HD void each(const Fn& fn) {
    for (int i = 0; i <= kOrder; ++i) {
      for (int j = 0; j <= (V == 1 ? 0 : kOrder - i); ++j) fn(i, j);
    }
  }
  static GG_HD Condition both(const Dependency& a, const Dependency& b) {
    return Condition(a.partial(0, 0).reads | b.partial(0, 0).reads);
  }
  static GG_HD Dependency either(const Dependency& a, const Dependency& b, int condition) {
    Dependency y;
    each([&](int i, int j) {
      if (!a.partial(i, j).vanishes) y.add(i, j, a.partial(i, j).reads | condition);
      if (!b.partial(i, j).vanishes) y.add(i, j, b.partial(i, j).reads | condition);
    });
    return y;
  }
  static GG_HD Dependency value_only(const Dependency& x) {
    Dependency y;
    y.at(0, 0) = {false, x.partial(0, 0).reads};
    return y;
  }
  /// φ(x) for a φ none of whose derivatives vanishes: products of derivatives of x times some φ⁽ᵐ⁾(x).
  static GG_HD Dependency smooth(const Dependency& x) {
    Dependency y = value_only(x);
    int value = x.partial(0, 0).reads;
    each([&](int i, int j) {
      for (int p = 0; p <= i; ++p) {
        for (int q = 0; q <= j; ++q) {
          if (p + q == 0 || x.partial(p, q).vanishes) continue;
          bool whole = p == i && q == j;
          Partial rest = y.partial(i - p, j - q);
          if (whole || !rest.vanishes) y.add(i, j, value | x.partial(p, q).reads | (whole ? 0 : rest.reads));
        }
      }
    });
    return y;
  }

  Partial partials_[kOrder + 1][V == 1 ? 1 : kOrder + 1] = {};
};

}  // namespace gg
