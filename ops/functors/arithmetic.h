// Piecewise linear functions and division. Sums and products of tensors are no functors but linear and bilinear
// operations with kernels of their own (cpu/plain_loops.h); those with a plain number are in scalars.h.
// How functors are written: core/functor.h; what they may use: core/number.h.
#pragma once

#include "core/functor.h"

namespace gg {

struct Abs {
  static constexpr const char* name = "abs";
  static constexpr const char* doc = "|x|; derivative 0 at 0";
  template <class T>
  GG_HD T f(T x) const {
    return abs(x);
  }
};

struct Sign {
  static constexpr const char* name = "sign";
  static constexpr const char* doc = "-1, 0 or 1; derivative 0";
  template <class T>
  GG_HD T f(T x) const {
    return sign(x);
  }
};

struct Floor {
  static constexpr const char* name = "floor";
  static constexpr const char* doc = "the largest integer not above x; derivative 0";
  template <class T>
  GG_HD T f(T x) const {
    return floor(x);
  }
};

struct Ceil {
  static constexpr const char* name = "ceil";
  static constexpr const char* doc = "the smallest integer not below x; derivative 0";
  template <class T>
  GG_HD T f(T x) const {
    return -floor(-x);
  }
};

struct Round {
  static constexpr const char* name = "round";
  static constexpr const char* doc = "the nearest integer, of two the even one; derivative 0";
  template <class T>
  GG_HD T f(T x) const {
    // |x| = below + rest exactly. Infinities and NaN go through the last branch.
    T size = select(x < 0, -x, x), below = floor(size), rest = size - below;
    T nearest = select(rest < 0.5, below, select((rest > 0.5) | (2 * floor(0.5 * below) != below), below + 1, below));
    return select(x < 0, -nearest, nearest);
  }
};

struct Clamp {
  static constexpr const char* name = "clamp";
  static constexpr const char* doc = "x limited to [low, high], low <= high; derivative 1 at the limits";
  double low = -1;
  double high = 1;
  template <class T>
  GG_HD T f(T x) const {
    return select(x < low, low, select(x > high, high, x));
  }
};

struct Div {
  static constexpr const char* name = "div";
  static constexpr const char* doc = "a / b";
  template <class T>
  GG_HD T f(T a, T b) const {
    return a / b;
  }
};

struct ScalarDiv {
  static constexpr const char* name = "scalar_div";
  static constexpr const char* doc = "c / x";
  double c = 1;
  template <class T>
  GG_HD T f(T x) const {
    return c / x;
  }
};

struct Maximum {
  static constexpr const char* name = "maximum";
  static constexpr const char* doc = "the larger of a and b; NaN if either is; where equal each gets half the gradient";
  template <class T>
  GG_HD T f(T a, T b) const {
    return select(a > b, a, select(b > a, b, 0.5 * a + 0.5 * b));
  }
};

struct Minimum {
  static constexpr const char* name = "minimum";
  static constexpr const char* doc =
      "the smaller of a and b; NaN if either is; where equal each gets half the gradient";
  template <class T>
  GG_HD T f(T a, T b) const {
    return select(a < b, a, select(b < a, b, 0.5 * a + 0.5 * b));
  }
};

struct Lerp {
  static constexpr const char* name = "lerp";
  static constexpr const char* doc = "a + weight * (b - a)";
  double weight = 0.5;
  template <class T>
  GG_HD T f(T a, T b) const {
    return a + weight * (b - a);
  }
};

using ArithmeticOps = OpList<  //
    Abs,                       //
    Sign,                      //
    Floor,                     //
    Ceil,                      //
    Round,                     //
    Clamp,                     //
    Div,                       //
    ScalarDiv,                 //
    Maximum,                   //
    Minimum,                   //
    Lerp>;

}  // namespace gg
