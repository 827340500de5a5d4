// Activation functions. No intermediate overflows for any finite x, and all derivatives have their limits at ±inf.
// How functors are written: core/functor.h; what they may use: core/number.h.
#pragma once

#include "core/functor.h"

namespace gg {

struct Sigmoid {
  static constexpr const char* name = "sigmoid";
  static constexpr const char* doc = "1 / (1 + e^-x)";
  template <class T>
  GG_HD T f(T x) const {
    T e = exp_minus_abs(x);
    return divide_1_to_2(select(x >= 0, lit<T>(1), e), 1 + e);
  }
  template <class T>
  GG_HD T df(T y) const {
    return y * (1 - y);
  }
};

struct Tanh {
  static constexpr const char* name = "tanh";
  static constexpr const char* doc = "hyperbolic tangent";
  template <class T>
  GG_HD T f(T x) const {
    return tanh(x);
  }
  template <class T>
  GG_HD T df(T y) const {
    return 1 - y * y;
  }
};

struct Relu {
  static constexpr const char* name = "relu";
  static constexpr const char* doc = "max(x, 0); derivative 0 at 0";
  template <class T>
  GG_HD T f(T x) const {
    return select(x <= 0, 0, x);  // NaN passes
  }
  template <class T>
  GG_HD T df(T y) const {
    return select(y <= 0, lit<T>(0), lit<T>(1));
  }
};

struct LeakyRelu {
  static constexpr const char* name = "leaky_relu";
  static constexpr const char* doc = "x for x > 0, slope * x elsewhere; derivative slope at 0";
  double slope = 0.01;
  template <class T>
  GG_HD T f(T x) const {
    return select(x > 0, x, slope * x);
  }
};

struct Elu {
  static constexpr const char* name = "elu";
  static constexpr const char* doc = "x for x > 0, alpha * (e^x - 1) elsewhere; derivative alpha at 0";
  double alpha = 1;
  template <class T>
  GG_HD T f(T x) const {
    return select(x > 0, x, alpha * expm1(x));
  }
};

struct Softplus {
  static constexpr const char* name = "softplus";
  static constexpr const char* doc = "log(1 + e^(beta x)) / beta, beta > 0";
  double beta = 1;
  template <class T>
  GG_HD T f(T x) const {
    return select(x >= 0, x, 0) + log1p(exp_minus_abs(beta * x)) / beta;
  }
};

struct Silu {
  static constexpr const char* name = "silu";
  static constexpr const char* doc = "x * sigmoid(x)";
  template <class T>
  GG_HD T f(T x) const {
    return scaled(x, Sigmoid{}.f(x));
  }
};

struct Gelu {
  static constexpr const char* name = "gelu";
  static constexpr const char* doc = "x * Phi(x), Phi the standard normal distribution function (exact form)";
  template <class T>
  GG_HD T f(T x) const {
    return gelu(x);
  }
};

struct GeluTanh {
  static constexpr const char* name = "gelu_tanh";
  static constexpr const char* doc = "x/2 * (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))";
  template <class T>
  GG_HD T f(T x) const {
    // (1 + tanh z)/2 = sigmoid(2z). Beyond ±30 it is 0 or 1 to the last bit, and x^3 must not overflow.
    T c = select(x < -30, -30, select(x > 30, 30, x));
    return scaled(x, Sigmoid{}.f(1.59576912160573071176 * (c + 0.044715 * (c * c * c))));
  }
};

struct Mish {
  static constexpr const char* name = "mish";
  static constexpr const char* doc = "x * tanh(softplus(x))";
  template <class T>
  GG_HD T f(T x) const {
    // tanh(log(1 + e)) with e = e^x is n / (n + 2), n = e·(e + 2); for x > 0 as what is missing to 1, by e^-x.
    T e = exp_minus_abs(x), n = e * (e + 2);
    return scaled(x, select(x >= 0, 1 - 2 * e * e / (1 + 2 * e * (1 + e)), n / (n + 2)));
  }
};

struct Logsigmoid {
  static constexpr const char* name = "logsigmoid";
  static constexpr const char* doc = "log(sigmoid(x))";
  template <class T>
  GG_HD T f(T x) const {
    return select(x < 0, x, 0) - log1p(exp_minus_abs(x));
  }
};

struct Softsign {
  static constexpr const char* name = "softsign";
  static constexpr const char* doc = "x / (1 + |x|)";
  template <class T>
  GG_HD T f(T x) const {
    // Beyond ±1 by the reciprocal, which has a limit; near 0 with the derivatives of the branch.
    T r = 1 / x;
    return select(x > 1, 1 / (r + 1), select(x < -1, 1 / (r - 1), x / (1 + select(x >= 0, x, -x))));
  }
};

struct Hardtanh {
  static constexpr const char* name = "hardtanh";
  static constexpr const char* doc = "x limited to [low, high], low <= high; derivative 0 at the limits";
  double low = -1;
  double high = 1;
  template <class T>
  GG_HD T f(T x) const {
    return select(x <= low, low, select(x >= high, high, x));
  }
};

struct Celu {
  static constexpr const char* name = "celu";
  static constexpr const char* doc = "x for x > 0, alpha * (e^(x / alpha) - 1) elsewhere, alpha not 0";
  double alpha = 1;
  template <class T>
  GG_HD T f(T x) const {
    return select(x > 0, x, alpha * expm1(x / alpha));
  }
};

struct Selu {
  static constexpr const char* name = "selu";
  static constexpr const char* doc = "1.0507 * elu(x, 1.6733): keeps mean 0 and variance 1 (arXiv:1706.02515)";
  template <class T>
  GG_HD T f(T x) const {
    return 1.05070098735548049342 * Elu{1.67326324235437728481}.f(x);
  }
};

using ActivationOps = OpList<  //
    Sigmoid,                   //
    Tanh,                      //
    Relu,                      //
    LeakyRelu,                 //
    Elu,                       //
    Softplus,                  //
    Silu,                      //
    Gelu,                      //
    GeluTanh,                  //
    Mish,                      //
    Logsigmoid,                //
    Softsign,                  //
    Hardtanh,                  //
    Celu,                      //
    Selu>;

}  // namespace gg
