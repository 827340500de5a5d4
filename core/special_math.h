// More elementary functions, by the rules of core/scalar_math.h: the error function, the normal distribution, and the
// inverse trigonometric functions.
#pragma once

#include "core/scalar_math.h"

namespace gg::math {

// ---- the error function and the normal distribution -----------------------------------------------------------------

/// exp(-scale·x²) for scale 1 or ½, without the rounding error of x²: a multiply-add subtracts n·ln 2 from the exact
/// square.
template <class Target, class S>
GG_HD S exp_of_square(S x, S scale) {
  using F = Format<S>;
  S a = minimum(abs(x), F::is_float ? 15 : 40);  // e^-112 and e^-800 are 0
  S h = -scale * a, square = h * a;
  Reduced<S> u = reduce_by_ln2<Target>(square);
  if constexpr (Target::has_fma) {
    u.r = multiply_add<Target>(u.n, -F::ln2_lo, multiply_add<Target>(h, a, -(u.n * F::ln2_hi)));
  } else {
    u.r = u.r + exact_product<Target>(h, a).lo;
  }
  S y = exp_of_reduced<Target>(u, square < F::exp_normal);
  if constexpr (is_pack<S>)
    return y;
  else
    return square >= F::exp_low ? y : square - square;  // 0, or NaN
}

/// 1 / x for a positive normal float within 2 ulp: a first guess from the bits, and Newton steps of order 4 and 2.
template <class Target, class S>
GG_HD S reciprocal(S x) {
  if constexpr (is_pack<S>) {
    S y = S::rough_reciprocal(x);
    return multiply_add<Target>(y, multiply_add<Target>(-x, y, 1), y);
  } else if constexpr (Target::has_fma && !Target::has_builtins) {
    S y = from_bits<S>(0x7ef311c7u - bits_of(x)), t = multiply_add<Target>(-x, y, 1);
    y = multiply_add<Target>(multiply_add<Target>(y, t, y), t * t, multiply_add<Target>(y, t, y));
    return multiply_add<Target>(y, multiply_add<Target>(-x, y, 1), y);
  } else {
    return 1 / x;
  }
}

/// exp(x²)·erfc(x) for x ≥ 0: a polynomial of (x - c)/(x + c), divided by 1 + 2x
/// (Shepherd and Laframboise, Math. Comp. 36, 1981).
template <class Target>
GG_HD double scaled_erfc(double x) {
  x = x > 40 ? 40 : x;
  double q = (x - 4) / (x + 4);
  double p = polynomial<Target, double>(
      q, 1.23299511862555251, -0.139621116840562516, 0.0153796521026200801, 0.0680970542546929832,
      -0.101039066036327655, 0.0937328349983358075, -0.0663303658115880993, 0.0371675155378259004,
      -0.0161977340665206027, 0.00503196997285851772, -0.000757773218334057126, -0.000199256647474855750,
      0.000150621326859757862, -0.0000243994846963919474, -0.0000112209400741378279, 5.71070899184668440e-6,
      2.91701298420839460e-7, -8.27647406658680504e-7, 7.69927392802925508e-8, 1.13154852155788312e-7,
      -1.91055861167462432e-8, -1.65314784561585975e-8, 1.70583894879248604e-9, 2.08352861058659635e-9,
      2.82988614940862389e-10);
  return p / (1 + 2 * x);
}

/// exp(x²/2)·Φ(-x) for x ≥ 0, Φ being the standard normal distribution function.
template <class Target, class S>
GG_HD S scaled_normal_tail(S x) {
  if constexpr (Format<S>::is_float) {
    // It falls as r = 1/(x + 5/2) does: a polynomial of r.
    S r = reciprocal<Target>(minimum(x, 15) + S(2.5));
    return polynomial<Target, S>(r, -1.12823087730362648e-5f, 0.399722954725730995f, 0.974488743950962077f,
                                 2.46554058650252594f, -0.415970996624820955f, 24.2215956153097309f,
                                 -90.5061889643603052f, 121.438462231718901f, -59.8485819726313153f);
  } else {
    return 0.5 * scaled_erfc<Target>(x * 0.7071067811865475244);
  }
}

template <class Target, class S>
GG_HD S erf(S x) {
  GG_BUILTIN(::erff(x), ::erf(x))
  S a = abs(x), z = x * x, p = 0;
  if constexpr (Format<S>::is_float) {
    p = polynomial<Target, S>(z, 1.12837916705802462f, -0.376126384346724165f, 0.112837819744069982f,
                              -0.0268654000588627055f, 0.00522094547801617884f, -0.000848282948032142716f,
                              0.000112569523578694527f, -9.64152835250091140e-6f);
  } else {
    p = polynomial<Target, S>(z, 1.12837916709551257, -0.376126389031837476, 0.112837916709548575,
                              -0.0268661706450728957, 0.00522397762478087459, -0.000854832697874263246,
                              0.000120553310369137944, -0.0000149255935071906622, 1.64609728211846726e-6,
                              -1.63500252600550962e-7, 1.46578800519936597e-8, -1.13656666245677019e-9,
                              5.94526264075395537e-11);
  }
  S tail = 1;
  if constexpr (Format<S>::is_float) {
    tail = tail - 2 * scaled_normal_tail<Target>(a * S(1.41421356237309504880)) * exp_of_square<Target>(x, S(1));
  } else {
    tail = tail - scaled_erfc<Target>(a) * exp_of_square<Target>(x, S(1));
  }
  return select(a < 1, x * p, copysign(tail, x));
}

/// Φ(x) = ½ erfc(-x/√2), relatively accurate in the left tail too.
template <class Target, class S>
GG_HD S normal_cdf(S x) {
  S tail = scaled_normal_tail<Target>(abs(x)) * exp_of_square<Target>(x, S(0.5));
  return select(x > 0, 1 - tail, tail);
}

/// x·Φ(x) as max(x, 0) - |x|·Φ(-|x|): no choice between two tails, and finite where a factor is not.
template <class Target, class S>
GG_HD S gelu(S x) {
  S tail = scaled_normal_tail<Target>(abs(x)) * exp_of_square<Target>(x, S(0.5));
  S a = minimum(abs(x), Format<S>::is_float ? 15 : 40);  // beyond, Φ(-a) is 0
  return multiply_add<Target>(-a, tail, maximum(x, 0));
}

/// The inverse of erf: NaN outside [-1, 1], ±inf at ±1.
template <class Target, class S>
GG_HD S erfinv(S x) {
  using F = Format<S>;
  S a = abs(x), w = -log<Target>((1 - a) * (1 + a)), root = sqrt<Target>(w), p = 0;
  if constexpr (Format<S>::is_float) {
    S low = polynomial<Target, S>(w - S(2.5), 1.50140935928f, 0.246640286168f, -0.0041773867849f, -0.00125274190262f,
                                  0.000218344443791f, -4.96333481969e-6f, -3.462705902e-6f, 4.66167919506e-7f,
                                  2.32327347308e-8f, -8.79086088353e-9f);
    S high = polynomial<Target, S>(root - 3, 2.83297695267f, 1.00167408162f, 0.00943721623432f, -0.00762318475665f,
                                   0.00575129950502f, -0.00366869375062f, 0.00132291903717f, 9.49506014172e-5f,
                                   -0.000181490588677f);
    p = select(w < 5, low, high) * x;
  } else {
    S low = polynomial<Target, S>(w - 2.5, 1.50140935928, 0.246640286168, -0.0041773867849, -0.00125274190262,
                                  0.000218344443791, -4.96333481969e-6, -3.462705902e-6, 4.66167919506e-7,
                                  2.32327347308e-8, -8.79086088353e-9);
    S high = polynomial<Target, S>(root - 4, 3.83978040543, 1.00951246656, 0.00130444607478, -0.000944055227361,
                                   0.000238567074616, -2.76528038562e-5, 9.88488451697e-5, -7.8732329372e-5,
                                   1.6623024464e-5);
    // One step of Halley's method makes 1.4e-6 exact; by erf near 0 and by erfc near 1, where each has all its bits.
    S y = (w < 5 ? low : high) * a, e = exp_of_square<Target>(y, S(1));
    S residual = a < 0.5 ? erf<Target>(y) - a : (1 - a) - scaled_erfc<Target>(y) * e;
    S step = residual / (S(1.12837916709551257390) * e);
    p = copysign(y - step / (1 + y * step), x);
  }
  return select(a == 1, copysign(S(F::infinity), x), p);
}

// ---- inverse trigonometric functions --------------------------------------------------------------------------------

/// π/2 as a sum: its nearest number, and the rest.
template <class S>
GG_HD Pair<S> half_pi() {
  if constexpr (Format<S>::is_float)
    return {0x1.921fb6p0f, -4.37113882867e-8f};
  else
    return {0x1.921fb54442d18p0, 6.123233995736766e-17};
}

template <class Target, class S>
GG_HD S atan(S x) {
  GG_BUILTIN(::atanf(x), ::atan(x))
  // By tan(u + v): the argument becomes (a - 1)/(a + 1) beside π/4, or -1/a beside π/2, at most tan(π/8).
  S a = abs(x);
  auto large = a > S(2.41421356237309504880), middle = a > S(0.41421356237309504880);
  S top = select(large, S(-1), select(middle, a - 1, a)), bottom = select(large, a, select(middle, a + 1, S(1)));
  S t = top / bottom, z = t * t, p = 0;
  if constexpr (Format<S>::is_float) {
    p = polynomial<Target, S>(z, -0.333333152149593324f, 0.199984727403183698f, -0.142435473377293926f,
                              0.105938593844487146f, -0.0607822024613972289f);
  } else {
    p = polynomial<Target, S>(z, -0.33333333333333196, 0.199999999999532045, -0.142857142801621219,
                              0.111111107819264742, -0.0909089771848950782, 0.0769205959377675298,
                              -0.0666309776054417752, 0.0584784850416560052, -0.050391407267708384,
                              0.0380608482209176011, -0.0179035942701667726);
  }
  S scale = select(large, S(1), select(middle, S(0.5), S(0)));
  S y = multiply_add<Target>(scale, half_pi<S>().lo, multiply_add<Target>(t * z, p, t));
  return copysign(multiply_add<Target>(scale, half_pi<S>().hi, y), x);
}

/// asin of 0 ≤ s ≤ ½, given z = s².
template <class Target, class S>
GG_HD S asin_near_zero(S s, S z) {
  S p = 0;
  if constexpr (Format<S>::is_float) {
    p = polynomial<Target, S>(z, 0.16666660000620625f, 0.0750050370054168268f, 0.0445170317537098587f,
                              0.0318072185763404756f, 0.0144400179628357081f, 0.0375150401239241949f);
  } else {
    p = polynomial<Target, S>(z, 0.166666666666667605, 0.0749999999997079155, 0.0446428571746194772,
                              0.0303819427074356089, 0.0223722149969646915, 0.0173516118545475048,
                              0.0139808223657042243, 0.0113988979670936256, 0.0107803298327925541,
                              0.0037061267860478286, 0.0217081140397866178, -0.0209999824134797864,
                              0.0326291855379201169);
  }
  return multiply_add<Target>(s * z, p, s);
}

template <class Target, class S>
GG_HD S asin(S x) {
  GG_BUILTIN(::asinf(x), ::asin(x))
  // asin a = π/2 - 2·asin √((1 - a)/2), whose argument is exact beside 1.
  S a = abs(x);
  auto outer = a > S(0.5);
  S z = select(outer, S(0.5) * (1 - a), a * a);
  S y = asin_near_zero<Target>(select(outer, sqrt<Target>(z), a), z);
  return copysign(select(outer, (half_pi<S>().hi - 2 * y) + half_pi<S>().lo, y), x);
}

template <class Target, class S>
GG_HD S acos(S x) {
  GG_BUILTIN(::acosf(x), ::acos(x))
  S a = abs(x);
  auto outer = a > S(0.5);
  S z = select(outer, S(0.5) * (1 - a), a * a);
  S y = asin_near_zero<Target>(select(outer, sqrt<Target>(z), a), z);
  S inner = half_pi<S>().hi - (copysign(y, x) - half_pi<S>().lo);
  S left = 2 * (half_pi<S>().hi - (y - half_pi<S>().lo));
  return select(outer, select(x > 0, 2 * y, left), inner);
}

}  // namespace gg::math
