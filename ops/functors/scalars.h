// Negation, and arithmetic with one plain number. These are linear, or linear plus a constant, and declared so in
// ops/elementwise.cpp; so their kernels give values, and derivatives of any order are the operations themselves.
// How functors are written: core/functor.h; what they may use: core/number.h.
#pragma once

#include "core/functor.h"

namespace gg {

struct Neg {
  static constexpr const char* name = "neg";
  static constexpr const char* doc = "-x";
  template <class T>
  GG_HD T f(T x) const {
    return -x;
  }
};

struct AddScalar {
  static constexpr const char* name = "add_scalar";
  static constexpr const char* doc = "x + c; x - c is x + (-c)";
  double c = 1;
  template <class T>
  GG_HD T f(T x) const {
    return x + c;
  }
};

struct ScalarSub {
  static constexpr const char* name = "scalar_sub";
  static constexpr const char* doc = "c - x";
  double c = 1;
  template <class T>
  GG_HD T f(T x) const {
    return c - x;
  }
};

struct MulScalar {
  static constexpr const char* name = "mul_scalar";
  static constexpr const char* doc = "x * c";
  double c = 2;
  template <class T>
  GG_HD T f(T x) const {
    return x * c;
  }
};

struct DivScalar {
  static constexpr const char* name = "div_scalar";
  static constexpr const char* doc = "x / c, correctly rounded";
  double c = 2;
  template <class T>
  GG_HD T f(T x) const {
    return x / c;
  }
};

struct Affine {
  static constexpr const char* name = "affine";
  static constexpr const char* doc = "scale * x + shift in one pass";
  double scale = 1;
  double shift = 0;
  template <class T>
  GG_HD T f(T x) const {
    return scale * x + shift;
  }
};

using ScalarOps = OpList<  //
    Neg,                   //
    AddScalar,             //
    ScalarSub,             //
    MulScalar,             //
    DivScalar,             //
    Affine>;

}  // namespace gg
