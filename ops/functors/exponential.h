// Exponential and logarithm. How functors are written: core/functor.h; what they may use: core/number.h.
#pragma once

#include "core/functor.h"

namespace gg {

struct Exp {
  static constexpr const char* name = "exp";
  static constexpr const char* doc = "e^x";
  template <class T>
  GG_HD T f(T x) const {
    return exp(x);
  }
  template <class T>
  GG_HD T df(T y) const {
    return y;
  }
};

struct Expm1 {
  static constexpr const char* name = "expm1";
  static constexpr const char* doc = "e^x - 1, without cancellation near 0";
  template <class T>
  GG_HD T f(T x) const {
    return expm1(x);
  }
  template <class T>
  GG_HD T df(T y) const {
    return y + 1;
  }
};

struct Log {
  static constexpr const char* name = "log";
  static constexpr const char* doc = "natural logarithm; -inf at 0, NaN below";
  template <class T>
  GG_HD T f(T x) const {
    return log(x);
  }
};

struct Log1p {
  static constexpr const char* name = "log1p";
  static constexpr bool packs = false;
  static constexpr const char* doc = "log(1 + x), without cancellation near 0; -inf at -1, NaN below";
  template <class T>
  GG_HD T f(T x) const {
    return log1p(x);
  }
};

using ExponentialOps = OpList<  //
    Exp,                        //
    Expm1,                      //
    Log,                        //
    Log1p>;

}  // namespace gg
