// Hyperbolic functions and their inverses; tanh is among the activations. How functors are written: core/functor.h;
// what they may use: core/number.h.
#pragma once

#include "core/functor.h"

namespace gg {

namespace detail {

/// e^|x| / 2 in two factors: it may be finite where e^|x| is not.
template <class T>
GG_HD T half_exp(T size) {
  T root = exp(0.5 * size);
  return (0.5 * root) * root;
}

/// x as if it were not negative, with the derivatives of the branch at 0.
template <class T>
GG_HD T folded(T x) {
  return select(x >= 0, x, -x);
}

/// The odd function that is y for x ≥ 0.
template <class T>
GG_HD T odd(T x, T y) {
  return select(x >= 0, y, -y);
}

}  // namespace detail

struct Sinh {
  static constexpr const char* name = "sinh";
  static constexpr const char* doc = "hyperbolic sine";
  template <class T>
  GG_HD T f(T x) const {
    T large = detail::odd(x, detail::half_exp(detail::folded(x)));
    return select((x > 20) | (x < -20), large, 0.5 * (expm1(x) - expm1(-x)));
  }
};

struct Cosh {
  static constexpr const char* name = "cosh";
  static constexpr const char* doc = "hyperbolic cosine";
  template <class T>
  GG_HD T f(T x) const {
    return select((x > 20) | (x < -20), detail::half_exp(detail::folded(x)), 0.5 * (exp(x) + exp(-x)));
  }
};

struct Asinh {
  static constexpr const char* name = "asinh";
  static constexpr const char* doc = "inverse hyperbolic sine";
  template <class T>
  GG_HD T f(T x) const {
    // log(a + √(a² + 1)) without its cancellation near 0; a² must not overflow.
    T a = detail::folded(x), square = a * a;
    T near = log1p(a + square / (1 + sqrt(1 + square)));
    return detail::odd(x, select(a > 1e9, log(a) + 0.693147180559945309417, near));
  }
};

struct Acosh {
  static constexpr const char* name = "acosh";
  static constexpr const char* doc = "inverse hyperbolic cosine; NaN below 1, derivative inf at 1";
  template <class T>
  GG_HD T f(T x) const {
    T t = x - 1;
    return select(x > 1e9, log(x) + 0.693147180559945309417, log1p(t + sqrt(t * (x + 1))));
  }
};

struct Atanh {
  static constexpr const char* name = "atanh";
  static constexpr const char* doc = "inverse hyperbolic tangent; +-inf at +-1, NaN outside";
  template <class T>
  GG_HD T f(T x) const {
    return 0.5 * (log1p(x) - log1p(-x));
  }
};

using HyperbolicOps = OpList<  //
    Sinh,                      //
    Cosh,                      //
    Asinh,                     //
    Acosh,                     //
    Atanh>;

}  // namespace gg
