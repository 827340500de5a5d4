// Trigonometric and error functions. How functors are written: core/functor.h; what they may use: core/number.h.
#pragma once

#include "core/functor.h"

namespace gg {

struct Sin {
  static constexpr const char* name = "sin";
  static constexpr const char* doc = "sine of x radians; accurate up to |x| = 1e5";
  template <class T>
  GG_HD T f(T x) const {
    return sin(x);
  }
};

struct Cos {
  static constexpr const char* name = "cos";
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

using SpecialOps = OpList<  //
    Sin,                    //
    Cos,                    //
    Erf>;

}  // namespace gg
