// Powers and roots. How functors are written: core/functor.h; what they may use: core/number.h.
#pragma once

#include "core/functor.h"

namespace gg {

struct Square {
  static constexpr const char* name = "square";
  static constexpr const char* doc = "x * x";
  template <class T>
  GG_HD T f(T x) const {
    return x * x;
  }
};

struct Sqrt {
  static constexpr const char* name = "sqrt";
  static constexpr const char* doc = "square root; NaN below 0, derivative inf at 0";
  template <class T>
  GG_HD T f(T x) const {
    return sqrt(x);
  }
  template <class T>
  GG_HD T df(T y) const {
    return 0.5 / y;
  }
};

struct Rsqrt {
  static constexpr const char* name = "rsqrt";
  static constexpr const char* doc = "1 / sqrt(x); inf at 0, NaN below";
  template <class T>
  GG_HD T f(T x) const {
    return 1 / sqrt(x);
  }
  template <class T>
  GG_HD T df(T y) const {
    return -0.5 * (y * y * y);
  }
};

struct Reciprocal {
  static constexpr const char* name = "reciprocal";
  static constexpr const char* doc = "1 / x";
  template <class T>
  GG_HD T f(T x) const {
    return 1 / x;
  }
  template <class T>
  GG_HD T df(T y) const {
    return -(y * y);
  }
};

struct PowScalar {
  static constexpr const char* name = "pow_scalar";
  static constexpr bool packs = false;
  static constexpr const char* doc = "x ^ exponent; NaN for negative x unless the exponent is an integer";
  double exponent = 2.5;
  template <class T>
  GG_HD T f(T x) const {
    return pow(x, T(exponent));
  }
};

struct Pow {
  static constexpr const char* name = "pow";
  static constexpr bool packs = false;
  static constexpr int vector_depth = 2;  // order 3 would take longer to compile than all other functors
  static constexpr const char* doc = "a ^ b; NaN for negative a unless b is an integer";
  template <class T>
  GG_HD T f(T a, T b) const {
    return pow(a, b);
  }
};

using PowerOps = OpList<  //
    Square,               //
    Sqrt,                 //
    Rsqrt,                //
    Reciprocal,           //
    PowScalar,            //
    Pow>;

}  // namespace gg
