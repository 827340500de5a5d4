// Trigonometric and error functions, and their inverses. How functors are written: core/functor.h; what they may use:
// core/number.h.
#pragma once

#include "core/functor.h"

namespace gg {

struct Sin {
  static constexpr const char* name = "sin";
  static constexpr bool packs = false;
  static constexpr const char* doc = "sine of x radians; accurate up to |x| = 1e5";
  template <class T>
  GG_HD T f(T x) const {
    return sin(x);
  }
};

struct Cos {
  static constexpr const char* name = "cos";
  static constexpr bool packs = false;
  static constexpr const char* doc = "cosine of x radians; accurate up to |x| = 1e5";
  template <class T>
  GG_HD T f(T x) const {
    return cos(x);
  }
};

struct Erf {
  static constexpr const char* name = "erf";
  static constexpr const char* doc = "error function, 2/sqrt(pi) times the integral of e^(-t^2) from 0 to x";
  template <class T>
  GG_HD T f(T x) const {
    return erf(x);
  }
};

struct Erfinv {
  static constexpr const char* name = "erfinv";
  static constexpr const char* doc = "inverse of erf; +-inf at +-1 with derivative inf, NaN outside";
  template <class T>
  GG_HD T f(T x) const {
    return erfinv(x);
  }
  template <class T>
  GG_HD T df(T y) const {
    return 0.886226925452758013649 * exp(y * y);
  }
};

struct Tan {
  static constexpr const char* name = "tan";
  static constexpr bool packs = false;
  static constexpr const char* doc = "tangent of x radians; accurate up to |x| = 1e5";
  template <class T>
  GG_HD T f(T x) const {
    return sin(x) / cos(x);
  }
  template <class T>
  GG_HD T df(T y) const {
    return 1 + y * y;
  }
};

struct Asin {
  static constexpr const char* name = "asin";
  static constexpr const char* doc = "arc sine in [-pi/2, pi/2]; derivative inf at -1 and 1, NaN outside";
  template <class T>
  GG_HD T f(T x) const {
    return asin(x);
  }
};

struct Acos {
  static constexpr const char* name = "acos";
  static constexpr const char* doc = "arc cosine in [0, pi]; derivative -inf at -1 and 1, NaN outside";
  template <class T>
  GG_HD T f(T x) const {
    return acos(x);
  }
};

struct Atan {
  static constexpr const char* name = "atan";
  static constexpr const char* doc = "arc tangent in [-pi/2, pi/2]";
  template <class T>
  GG_HD T f(T x) const {
    return atan(x);
  }
};

struct Atan2 {
  static constexpr const char* name = "atan2";
  static constexpr bool packs = false;
  static constexpr const char* doc =
      "the angle of the point (b, a) from the axis of b, in [-pi, pi]; a at (a, b) = (0, 0), whose derivatives are 1 "
      "and 0, or pi with the sign of a where b is -0; infinities count as equally large";
  template <class T>
  GG_HD T f(T a, T b) const {
    // By the quotient that is at most 1. Zeros have signs, and of two infinities only the signs count.
    constexpr double kHalfPi = 1.57079632679489661923;
    const auto alike = (abs(a) == abs(b)) & (a == 0.5 * a);  // both 0, or both infinite
    const auto origin = alike & (a == 0), below = (a < 0) | ((a == 0) & (1 / a < 0)),
               left = (b < 0) | ((b == 0) & (1 / b < 0));
    T side = select(below, lit<T>(-kHalfPi), lit<T>(kHalfPi));
    T signs = select(below, lit<T>(-1), lit<T>(1)) * select(left, lit<T>(-1), lit<T>(1));
    T quotient = select(alike, signs, a / b);
    T flat = atan(quotient) + select(left, 2 * side, 0), steep = side - atan(b / a);
    T angle = select(abs(a) <= abs(b), flat, steep);
    return select(origin, select(left, 2 * side, a), angle);
  }
};

struct Hypot {
  static constexpr const char* name = "hypot";
  static constexpr bool packs = false;
  static constexpr const char* doc = "sqrt(a^2 + b^2) without overflow; derivatives 0 at (0, 0)";
  template <class T>
  GG_HD T f(T a, T b) const {
    T size_a = abs(a), size_b = abs(b);
    const auto a_leads = size_a >= size_b;
    T large = select(a_leads, size_a, size_b), ratio = select(a_leads, b, a) / large;
    // The quotient of two zeros or two infinities is none; |x| has the derivative 0 at 0.
    return select((size_a == size_b) & (a == 0.5 * a), size_a + size_b, large * sqrt(1 + ratio * ratio));
  }
};

using SpecialOps = OpList<  //
    Sin,                    //
    Cos,                    //
    Tan,                    //
    Asin,                   //
    Acos,                   //
    Atan,                   //
    Atan2,                  //
    Hypot,                  //
    Erf,                    //
    Erfinv>;

}  // namespace gg
