// The logarithm of the gamma function and its derivative. How functors are written: core/functor.h; what they may use:
// core/number.h.
//
// The positive numbers are brought to [1.5, 2.5] by Γ(x + 1) = x·Γ(x), where a polynomial serves; from 9.5 on it is
// Stirling's series; negative ones come by reflection. The polynomials are minimax fits of our own on a somewhat wider
// range, so that their derivatives are good to its ends.
#pragma once

#include "core/functor.h"

namespace gg {

namespace detail {

template <class T>
GG_HD T horner(T, double c) {
  return lit<T>(c);
}
/// c0 + c1·x + c2·x² + …
template <class T, class... Rest>
GG_HD T horner(T x, double c, double next, Rest... rest) {
  return horner(x, next, rest...) * x + c;
}

/// x, but no less than -2^52, below which all numbers are integers.
template <class T>
GG_HD T bounded(T x) {
  return select(x < -0x1p52, -0x1p52, x);
}

/// x less the nearest integer, which x + 0.5 need not find where all numbers are integers.
template <class T>
GG_HD T from_integer(T x) {
  T n = floor(x);
  return x - select(x == n, n, floor(x + 0.5));
}

constexpr double kPi = 3.14159265358979323846;

}  // namespace detail

struct Lgamma {
  static constexpr const char* name = "lgamma";
  static constexpr bool packs = false;
  static constexpr const char* doc =
      "log |Gamma(x)|; inf at 0 and the negative integers; 8 ulp for x > 0, near the zeros below 0 only the bits of 1";
  template <class T>
  GG_HD T f(T x) const {
    T y = select(x < 0, 1 - detail::bounded(x), x);
    // Γ(y) = Γ(2 + t)·product with |t| ≤ 0.5, or Γ(2 + t)/product below 1.5. All t are exact.
    const auto below = y < 1.5;
    T t = select(y < 0.5, y, select(below, y - 1, y - 2));
    T product = select(y < 0.5, y * (y + 1), select(below, y, 1));
    for (int k = 1; k <= 7; ++k) {
      const auto beyond = y - k >= 1.5;
      product = select(beyond, product * (y - k), product);
      t = select(beyond, y - (k + 2), t);
    }
    T factors = log(product);
    T near =
        t * detail::horner(
                t, 0.422784335098467139, 0.322467033424113218, -0.0673523010531980951, 0.0205808084277845479,
                -0.00738555102867398504, 0.00289051033074152142, -0.00119275391170327595, 0.0005096695247431264,
                -0.000223154758453054793, 0.0000994575127796672169, -0.0000449262367491113147, 0.0000205072128099369156,
                -9.43948812687271199e-6, 4.37486642428218365e-6, -2.03921711088539514e-6, 9.55143909568873723e-7,
                -4.49238304917888857e-7, 2.1205783975010309e-7, -1.00470578508513799e-7, 4.7749602354885319e-8,
                -2.25922952147935585e-8, 1.07060184206716476e-8, -5.43334553002661832e-9, 2.71591876060944636e-9,
                -8.56226434362617816e-10, 3.14015856801795888e-10, -5.27025902904433101e-10, 2.91745457325994129e-10) +
        select(below, -factors, factors);
    T r = 1 / y;
    T far = (y - 0.5) * (log(y) - 1) + 0.418938533204672741780 +
            r * detail::horner(r * r, 1.0 / 12, -1.0 / 360, 1.0 / 1260, -1.0 / 1680, 1.0 / 1188, -691.0 / 360360,
                               1.0 / 156, -3617.0 / 122400);
    T positive = select(y < 9.5, near, far);
    // log(π / |sin πd|), written so that it is good for the smallest d.
    T d = detail::from_integer(detail::bounded(x)), angle = detail::kPi * d;
    T reflected = -log(abs(d) * select(d == 0, 1, sin(angle) / angle)) - positive;
    return select(x < 0, reflected, positive);
  }
};

struct Digamma {
  static constexpr const char* name = "digamma";
  static constexpr bool packs = false;
  static constexpr const char* doc = "derivative of lgamma; infinite at 0 and the negative integers";
  template <class T>
  GG_HD T f(T x) const {
    T y = select(x < 0.5, 1 - detail::bounded(x), x);
    T t = select(y < 1.5, y - 1, y - 2), sum = select(y < 1.5, -1 / y, 0);
    for (int k = 1; k <= 7; ++k) {
      const auto beyond = y - k >= 1.5;
      sum = select(beyond, sum + 1 / (y - k), sum);
      t = select(beyond, y - (k + 2), t);
    }
    T near = sum + detail::horner(
                       t, 0.422784335098467139, 0.644934066848226436, -0.202056903159594285, 0.0823232337111381915,
                       -0.0369277551433699263, 0.0173430619844491397, -0.00834927738192282755, 0.0040773561979443411,
                       -0.00200839282608218176, 0.000994575127818023923, -0.000494188604120365835,
                       0.000246086553309437186, -0.000122713347562181551, 0.0000612481350374088163,
                       -0.0000305882365105794373, 0.0000152822596393673081, -7.63719582790339341e-6,
                       3.81729145241994911e-6, -1.90822439816761163e-6, 9.53972513782898067e-7, -4.7687782871255761e-7,
                       2.38405683465144303e-7, -1.19409976722766301e-7, 5.97493041437576068e-8, -2.93327988132788281e-8,
                       1.45798756583931536e-8, -8.26130798848852752e-9, 4.2381195929476757e-9, -9.54702903382010786e-10,
                       3.97457600153417968e-10, -1.03502480514846476e-9, 5.44329039300516787e-10);
    T r = 1 / y, square = r * r;
    T far = log(y) - 0.5 * r -
            square * detail::horner(square, 1.0 / 12, -1.0 / 120, 1.0 / 252, -1.0 / 240, 1.0 / 132, -691.0 / 32760,
                                    1.0 / 12, -3617.0 / 8160);
    T positive = select(y < 9.5, near, far);
    T angle = detail::kPi * detail::from_integer(detail::bounded(x));
    return select(x < 0.5, positive - detail::kPi * cos(angle) / sin(angle), positive);
  }
};

using GammaOps = OpList<  //
    Lgamma,               //
    Digamma>;

}  // namespace gg
