// Elementary functions of float and double, written so that a loop over them becomes vector code.
//
// There are no branches, and no tables but one that fits a register: a choice is a blend, an exponent is built with
// integer arithmetic. S is a float, a double or a pack of floats (core/pack.h), so choices are written
// select(condition, a, b). Each function is right at 0, subnormals, ±max and ±inf, and passes NaN on. Accuracy is at
// most 4 ulp (tests/numbers/scalar_math_test.cpp sweeps it), 7 of normal_cdf, which derivatives of gelu read; sin and
// cos keep it up to |x| = 1e5, lose it gradually beyond, and always stay in [-1, 1]. The polynomials are minimax fits
// of our own (Remez exchange, relative error). Every function is a template on a Target (core/target.h); a target with
// built-in functions, such as a GPU, uses those. Read next: core/special_math.h, the error function and the inverse
// trigonometric ones, then core/number.h, the class that wraps them for functors.
#pragma once

#include <stdint.h>

#include <type_traits>

#include "core/target.h"

namespace gg::math {

/// The layout of an IEEE number, and constants that depend on it.
template <class S>
struct Format;

template <>
struct Format<float> {
  using Bits = uint32_t;
  static constexpr bool is_float = true;
  static constexpr int mantissa = 23;
  static constexpr Bits bias = 127;
  static constexpr float infinity = __builtin_inff();
  static constexpr float nan = __builtin_nanf("");
  static constexpr float min_normal = 0x1p-126f;
  static constexpr float rounder = 0x1.8p23f;  ///< x + rounder - rounder rounds x to an integer, |x| ≤ 2²²
  static constexpr float pow_mantissa = 0x1p23f;
  static constexpr float ln2_hi = 0x1.63p-1f;  ///< ln 2 = ln2_hi + ln2_lo; n·ln2_hi is exact for the n of exp and log
  static constexpr float ln2_lo = -2.12194440055e-4f;
  static constexpr float exp_low = -105.0f;  ///< exp is 0 below, subnormal up to exp_normal, inf above exp_high
  static constexpr float exp_normal = -87.0f;
  static constexpr float exp_high = 0x1.62e42ep6f;
  static constexpr Bits upper_half = 0xfffff000u;  ///< keeps 12 significant bits, so that their product is exact
  static constexpr Bits sqrt_half = 0x3f3504f3u;
};

template <>
struct Format<double> {
  using Bits = uint64_t;
  static constexpr bool is_float = false;
  static constexpr int mantissa = 52;
  static constexpr Bits bias = 1023;
  static constexpr double infinity = __builtin_inf();
  static constexpr double nan = __builtin_nan("");
  static constexpr double min_normal = 0x1p-1022;
  static constexpr double rounder = 0x1.8p52;
  static constexpr double pow_mantissa = 0x1p52;
  static constexpr double ln2_hi = 0x1.62e42feep-1;
  static constexpr double ln2_lo = 0x1.a39ef35793c76p-33;
  static constexpr double exp_low = -747.0;
  static constexpr double exp_normal = -707.0;
  static constexpr double exp_high = 709.782712893384;
  static constexpr Bits upper_half = 0xfffffffff8000000ull;  ///< keeps 26 significant bits
  static constexpr Bits sqrt_half = 0x3fe6a09e667f3bcdull;
};

/// Whether S is no number of the language but a pack of them, which brings its own multiply_add, abs and so on.
template <class S>
inline constexpr bool is_pack = false;

/// c ? a : b, of numbers or lane by lane.
template <class Condition, class S>
GG_HD S select(Condition c, S a, S b) {
  if constexpr (is_pack<S>)
    return S::select(c, a, b);
  else
    return c ? a : b;
}

template <class S>
GG_HD typename Format<S>::Bits bits_of(S x) {
  return __builtin_bit_cast(typename Format<S>::Bits, x);
}
template <class S>
GG_HD S from_bits(typename Format<S>::Bits b) {
  return __builtin_bit_cast(S, b);
}

template <class S>
GG_HD S copysign(S magnitude, S sign) {
  if constexpr (is_pack<S>)
    return S::copysign(magnitude, sign);
  else if constexpr (Format<S>::is_float)
    return __builtin_copysignf(magnitude, sign);
  else
    return __builtin_copysign(magnitude, sign);
}

template <class S>
GG_HD S abs(S x) {
  if constexpr (is_pack<S>)
    return S::abs(x);
  else if constexpr (Format<S>::is_float)
    return __builtin_fabsf(x);
  else
    return __builtin_fabs(x);
}

/// a·b + c, in one rounding where the target can.
template <class Target, class S>
GG_HD S multiply_add(S a, std::type_identity_t<S> b, std::type_identity_t<S> c) {
  if constexpr (is_pack<S>)
    return S::multiply_add(a, b, c);
  else if constexpr (!Target::has_fma)
    return a * b + c;
  else if constexpr (Format<S>::is_float)
    return __builtin_fmaf(a, b, c);
  else
    return __builtin_fma(a, b, c);
}

/// The smaller and the larger of x and a limit that is no NaN; NaN where x is.
template <class S>
GG_HD S minimum(S x, std::type_identity_t<S> limit) {
  if constexpr (is_pack<S>)
    return S::minimum(x, limit);
  else
    return x > limit ? limit : x;
}
template <class S>
GG_HD S maximum(S x, std::type_identity_t<S> limit) {
  if constexpr (is_pack<S>)
    return S::maximum(x, limit);
  else
    return x < limit ? limit : x;
}

/// c0 + c1·x + c2·x² + … by Horner's rule.
template <class Target, class S>
GG_HD S polynomial(S, S c) {
  return c;
}
template <class Target, class S, class... Rest>
GG_HD S polynomial(S x, S c, S next, Rest... rest) {
  return multiply_add<Target, S>(polynomial<Target, S>(x, next, static_cast<S>(rest)...), x, c);
}

/// x without the lower half of its significant bits.
template <class S>
GG_HD S upper_half(S x) {
  return from_bits<S>(bits_of(x) & Format<S>::upper_half);
}

/// A number as an unevaluated sum hi + lo.
template <class S>
struct Pair {
  S hi, lo;
};

/// a·b exactly, barring overflow and underflow.
template <class Target, class S>
GG_HD Pair<S> exact_product(S a, S b) {
  S p = a * b;
  if constexpr (Target::has_fma) {
    return {p, multiply_add<Target>(a, b, -p)};
  } else {
    S ah = upper_half(a), al = a - ah, bh = upper_half(b), bl = b - bh;
    return {p, ((ah * bh - p) + ah * bl + al * bh) + al * bl};
  }
}

template <class Target, class S>
GG_HD S sqrt(S x) {
  GG_BUILTIN(::sqrtf(x), ::sqrt(x))
  if constexpr (is_pack<S>)
    return S::sqrt(x);
  else if constexpr (Format<S>::is_float)
    return __builtin_sqrtf(x);
  else
    return __builtin_sqrt(x);
}

template <class Target, class S>
GG_HD S floor(S x) {
  GG_BUILTIN(::floorf(x), ::floor(x))
  if constexpr (is_pack<S>) {
    return S::floor(x);
  } else {
    using F = Format<S>;
    S a = abs(x);
    S r = (a + F::pow_mantissa) - F::pow_mantissa;  // |x| rounded to an integer
    r = copysign(r, x);
    r = r > x ? r - 1 : r;
    return a < F::pow_mantissa ? r : x;
  }
}

// ---- exp and its family ---------------------------------------------------------------------------------------------

/// (eʳ - 1 - r) / r² for |r| ≤ ln 2 / 2.
template <class Target, class S>
GG_HD S exp_tail(S r) {
  if constexpr (Format<S>::is_float) {
    return polynomial<Target, S>(r, 0.499999981440490147f, 0.166665431782863276f, 0.0416672017601069512f,
                                 0.00836658027963632453f, 0.00138825117686879752f);
  } else {
    return polynomial<Target, S>(r, 0.5, 0.166666666666666840, 0.0416666666666667248, 0.00833333333331661829,
                                 0.00138888888888583172, 0.000198412698973621775, 0.0000248015873739654612,
                                 2.75572339290311949e-6, 2.75572331793494438e-7, 2.51123486584742501e-8,
                                 2.09269965976167479e-9);
  }
}

/// 2ⁿ for t = n + rounder: the integer stands in the lowest bits of t.
template <class S>
GG_HD S power_of_two(S t) {
  using F = Format<S>;
  return from_bits<S>((bits_of(t) + F::bias) << F::mantissa);
}

/// A number as n·ln 2 + r with |r| ≤ ln 2 / 2; n as an integer stands in the lowest bits of t. In a pack n counts
/// sixteenths, since a register holds a table of their powers: |r| ≤ ln 2 / 32, which saves three terms of the
/// polynomial.
template <class S>
struct Reduced {
  S t, n, r;
};

/// For |x| ≤ 2¹⁷.
template <class Target, class S>
GG_HD Reduced<S> reduce_by_ln2(S x) {
  using F = Format<S>;
  constexpr auto rounder = is_pack<S> ? F::rounder / 16 : F::rounder;
  S t = multiply_add<Target>(x, static_cast<S>(1.442695040888963407), rounder);
  S n = t - rounder;
  return {t, n, multiply_add<Target>(n, -F::ln2_lo, multiply_add<Target>(n, -F::ln2_hi, x))};
}

/// 2ⁿ·eʳ below the largest number. The exponent of eʳ is raised by n as an integer; where n is `small`, near and below
/// the smallest normal number, the result is made 2⁶⁴ times as large first. With `halved` it may be twice as large as
/// 2ⁿ can be.
template <class Target, bool halved = false, class S, class Condition>
GG_HD S exp_of_reduced(Reduced<S> x, Condition small) {
  if constexpr (is_pack<S>) {
    S power = S::power_of_sixteenths(x.t), rest = S::rest_of_sixteenths(x.t);
    S q = multiply_add<Target>(x.r, polynomial<Target, S>(x.r, 1, 0.5f, 1 / 6.0f), rest);
    return S::scale(multiply_add<Target>(power, q, power), x.n);
  } else {
    using F = Format<S>;
    using Bits = typename F::Bits;
    S p = multiply_add<Target>(x.r, multiply_add<Target>(x.r, exp_tail<Target>(x.r), 1), 1);
    Bits raise = (bits_of(x.t) - (halved ? 1 : 0)) << F::mantissa;
    raise = small ? raise + (Bits(64) << F::mantissa) : raise;
    S y = from_bits<S>(bits_of(p) + raise);
    if constexpr (halved) y *= 2;
    return small ? y * S(0x1p-64) : y;
  }
}

/// e^(hi + lo) with |lo| small beside 1, or e^hi. The edges come last, so that the compiler cannot make branches of
/// them and of all that follows.
///
/// A double with `lo` may overflow by that alone: it is made half as large first.
template <class Target, class S, class... Lo>
GG_HD S exp_of_sum(S hi, Lo... lo) {
  using F = Format<S>;
  constexpr bool halved = sizeof...(lo) > 0 && !Format<S>::is_float;
  Reduced<S> x = reduce_by_ln2<Target>(hi);
  x.r = (x.r + ... + lo);
  S y = exp_of_reduced<Target, halved>(x, hi < F::exp_normal);
  y = hi < F::exp_low ? S(0) : y;
  return hi <= F::exp_high + (halved ? 1 : 0) ? y : hi + F::infinity;  // NaN passes
}

template <class Target, class S>
GG_HD S exp(S x) {
  GG_BUILTIN(::expf(x), ::exp(x))
  using F = Format<S>;
  if constexpr (is_pack<S>) {
    x = minimum(maximum(x, F::exp_low - 1), F::exp_high + 1);
    return exp_of_reduced<Target>(reduce_by_ln2<Target>(x), false);
  } else {
    return exp_of_sum<Target>(x);
  }
}

/// e^-|x|: no overflow to look for.
template <class Target, class S>
GG_HD S exp_minus_abs(S x) {
  GG_BUILTIN(::expf(-::fabsf(x)), ::exp(-::fabs(x)))
  using F = Format<S>;
  S a = minimum(abs(x), 1 - F::exp_low);
  S y = exp_of_reduced<Target>(reduce_by_ln2<Target>(-a), a > -F::exp_normal);
  if constexpr (is_pack<S>)
    return y;
  else
    return a <= -F::exp_low ? y : a - a;  // 0, or NaN
}

/// eˣ - 1 without cancellation near 0.
template <class Target, class S>
GG_HD S expm1(S x) {
  GG_BUILTIN(::expm1f(x), ::expm1(x))
  using F = Format<S>;
  S c = minimum(maximum(x, F::is_float ? -20 : -45), F::is_float ? 89 : 710);
  S t = c * static_cast<S>(1.442695040888963407) + F::rounder;
  S n = t - F::rounder;
  S r = multiply_add<Target>(n, -F::ln2_lo, multiply_add<Target>(n, -F::ln2_hi, c));
  S q = multiply_add<Target>(r * r, exp_tail<Target>(r), r);
  S half = power_of_two((n - 1) + F::rounder);  // 2ⁿ⁻¹: 2ⁿ itself may overflow where the result does not
  S y = 2 * (half * q + (half - static_cast<S>(0.5)));
  return select(n == 0, select(x == 0, x, q), y);
}

/// a / b for b in [1, 2]: by an approximation of 1/b and Newton steps, which a CPU does in half the time of a division.
/// Off by an ulp at most.
template <class Target, class S>
GG_HD S divide_1_to_2(S a, S b) {
  if constexpr (Format<S>::is_float && Target::has_fma && !Target::has_builtins) {
    S y = 0;
    if constexpr (is_pack<S>) {
      y = S::rough_reciprocal(b);
    } else {
      y = polynomial<Target, S>(b, 210. / 99, -144. / 99, 32. / 99);  // 1/b within 1 %
      y = multiply_add<Target>(y, multiply_add<Target>(-b, y, 1), y);
    }
    S q = a * y;
    return multiply_add<Target>(multiply_add<Target>(-b, q, a), y, q);
  } else {
    return a / b;
  }
}

template <class Target, class S>
GG_HD S tanh(S x) {
  GG_BUILTIN(::tanhf(x), ::tanh(x))
  // e^(-2|x|) - 1, whose 2ⁿ never overflows; beyond the limit, tanh is 1.
  using F = Format<S>;
  S c = minimum(abs(x), F::is_float ? 10 : 22);
  S t = multiply_add<Target>(c, static_cast<S>(-2.885390081777926814), F::rounder);
  S n = t - F::rounder;
  S r = multiply_add<Target>(n, -F::ln2_lo, multiply_add<Target>(n, -F::ln2_hi, -2 * c));
  S q = multiply_add<Target>(r * r, exp_tail<Target>(r), r), scale = power_of_two(t);
  S e = multiply_add<Target>(scale, q, scale - 1);
  return copysign(divide_1_to_2<Target>(e, 2 + e), x);
}

// ---- log and its family ---------------------------------------------------------------------------------------------

/// A positive normal number as 2ᵏ·(1 + f) with √½ ≤ 1 + f < √2.
template <class S>
struct Split {
  S k, f;
};
template <class S>
GG_HD Split<S> split_exponent(S x) {
  using F = Format<S>;
  using Bits = typename F::Bits;
  Bits t = bits_of(x) + ((F::bias << F::mantissa) - F::sqrt_half);
  Bits k = t >> F::mantissa;
  Bits m = (t & ((Bits(1) << F::mantissa) - 1)) + F::sqrt_half;
  // The integer k becomes a floating-point number in the low bits of 2^mantissa: no machine need convert 64-bit
  // integers.
  S kf = from_bits<S>(k | bits_of(F::pow_mantissa)) - (F::pow_mantissa + static_cast<S>(F::bias));
  return {kf, from_bits<S>(m) - 1};
}

/// k·ln 2 + log(1 + f) + correction.
template <class Target, class S>
GG_HD S log_of_split(S k, S f, S correction) {
  using F = Format<S>;
  if constexpr (Format<S>::is_float) {
    S p = polynomial<Target, S>(f, 0.333333098929518284f, -0.249999850410496549f, 0.200022691241687280f,
                                -0.166693685898121692f, 0.142177907981912358f, -0.123816579964288244f,
                                0.118772892874102656f, -0.118084456767826367f, 0.0692782340391623807f);
    S f2 = f * f;
    S y = multiply_add<Target>(f2 * f, p, multiply_add<Target>(k, F::ln2_lo, correction));
    y = multiply_add<Target>(f2, -0.5f, y);
    return multiply_add<Target>(k, F::ln2_hi, f + y);
  } else {
    S s = f / (2 + f), z = s * s, h = S(0.5) * f * f;  // log(1 + f) = 2 artanh s = f - h + s·(h + z·P(z))
    S p = z * polynomial<Target, S>(z, 0.666666666666673938, 0.399999999993779813, 0.285714287513025557,
                                    0.222221975873682006, 0.181836189877658656, 0.153125698771160613,
                                    0.148115403182580346);
    S low = multiply_add<Target>(s, h + p, multiply_add<Target>(k, F::ln2_lo, correction));
    return multiply_add<Target>(k, F::ln2_hi, f - (h - low));
  }
}

/// `y` where 0 < x < inf, and the limits of the logarithm elsewhere.
template <class S>
GG_HD S log_edges(S x, S y) {
  using F = Format<S>;
  S edge = select(x == 0, S(-F::infinity), S(F::nan));
  y = select(x > 0, y, edge);
  return select(x == F::infinity, x, y);
}

template <class Target, class S>
GG_HD S log(S x) {
  GG_BUILTIN(::logf(x), ::log(x))
  using F = Format<S>;
  auto tiny = x < F::min_normal;
  Split<S> u = split_exponent(select(tiny, x * F::pow_mantissa, x));
  S k = select(tiny, u.k - static_cast<S>(F::mantissa), u.k);
  return log_edges(x, log_of_split<Target>(k, u.f, S(0)));
}

/// log(1 + x) without cancellation near 0.
template <class Target, class S>
GG_HD S log1p(S x) {
  GG_BUILTIN(::log1pf(x), ::log1p(x))
  S u = 1 + x;
  S lost = select(x < 1, x - (u - 1), 1 - (u - x));  // what rounding took from u
  Split<S> split = split_exponent(u);
  auto near = split.k == 0;
  S y = log_of_split<Target>(split.k, select(near, x, split.f), select(near, S(0), lost / u));
  return log_edges(u, select(x == 0, x, y));
}

/// log of a positive number in about 1.2 times the bits of a double.
template <class Target>
GG_HD Pair<double> precise_log(double x) {
  using F = Format<double>;
  bool tiny = x < F::min_normal;
  Split<double> u = split_exponent(tiny ? x * F::pow_mantissa : x);
  double k = tiny ? u.k - F::mantissa : u.k, f = u.f;
  double d = 2 + f, d_low = f - (d - 2), s = f / d;
  Pair<double> sd = exact_product<Target>(s, d);
  double s_low = (((f - sd.hi) - sd.lo) - s * d_low) / d;
  double z = s * s;
  double tail =
      s * z *
      polynomial<Target, double>(z, 0.666666666666666667, 0.400000000000000007, 0.285714285714281768,
                                 0.222222222223324999, 0.181818181641249231, 0.153846171384096879, 0.133332224012523805,
                                 0.117691869191266078, 0.104147853516111321, 0.110680992670483657);
  double a = k * F::ln2_hi, b = 2 * s, hi = a + b;
  double bb = hi - a, rest = (a - (hi - bb)) + (b - bb);  // what the sum lost
  double lo = rest + (multiply_add<Target>(k, F::ln2_lo, tail) + 2 * s_low);
  double sum = hi + lo;
  return {sum, lo - (sum - hi)};
}

template <class Target, class S>
GG_HD S pow_of_number(S x, S y) {
  S a = abs(x), r = 0;
  if constexpr (Format<S>::is_float) {
    r = static_cast<S>(exp<Target>(static_cast<double>(y) * log<Target>(static_cast<double>(a))));
  } else {
    Pair<double> l = precise_log<Target>(a);
    bool regular = a > 0 && a < Format<S>::infinity;
    double plain = a == 0 ? -Format<S>::infinity : a;  // log of 0 and of inf
    double hi = regular ? l.hi : plain;
    Pair<double> p = exact_product<Target>(y, hi);
    double lo = multiply_add<Target>(y, l.lo, p.lo);
    r = exp_of_sum<Target>(p.hi, abs(p.hi) < 800 ? lo : 0.0);
  }
  bool integer = floor<Target>(y) == y, odd = integer & (floor<Target>(y * S(0.5)) != y * S(0.5));
  bool negative = bits_of(x) >> (sizeof(S) * 8 - 1);
  S domain = (integer | (a == 0) | (a == Format<S>::infinity)) ? r : Format<S>::nan;
  r = (x < 0) ? domain : r;
  r = (negative & odd) ? -r : r;
  return ((y == 0) | (x == 1) | ((x == -1) & (abs(y) == Format<S>::infinity))) ? S(1) : r;
}

/// xʸ with C's rules for negative bases, zeros and infinities.
template <class Target, class S>
GG_HD S pow(S x, S y) {
  GG_BUILTIN(::powf(x, y), ::pow(x, y))
  if constexpr (is_pack<S>) {
    return S::each_lane([](float a, float b) GG_LAMBDA { return pow<Target>(a, b); }, x, y);
  } else {
    return pow_of_number<Target>(x, y);
  }
}

// ---- sine and cosine ------------------------------------------------------------------------------------------------

/// x = quadrant·π/2 + r, |r| ≤ π/4.
template <class S>
struct Angle {
  S r;
  typename Format<S>::Bits quadrant;
};
template <class Target, class S>
GG_HD Angle<S> reduce_angle(S x) {
  using F = Format<S>;
  S t = x * static_cast<S>(0.6366197723675813431) + F::rounder, r = 0;
  double n = t - F::rounder;
  // π/2 in parts whose products with n are exact. For float, double does the subtraction.
  r = static_cast<S>(
      multiply_add<Target>(n, -0x1.0b4611a6p-34, multiply_add<Target>(n, -0x1.921fb544p+0, static_cast<double>(x))) -
      n * 0x1.3198a2e037073p-69);
  constexpr S limit = S(0.8);  // reached only where |x| is too large for the parts: the result then stays in [-1, 1]
  r = r > limit ? limit : r;
  r = r < -limit ? -limit : r;
  return {r, bits_of(t)};
}

template <class Target, class S>
GG_HD S sin_near(S r) {
  S z = r * r, p = 0;
  if constexpr (Format<S>::is_float) {
    p = polynomial<Target, S>(z, -0.166666666414268478f, 0.00833332936231358783f, -0.000198393271454824728f,
                              2.71823734825570250e-6f);
  } else {
    p = polynomial<Target, S>(z, -0.166666666666666666, 0.00833333333333332270, -0.000198412698412549893,
                              2.75573192141489075e-6, -2.50521049005531616e-8, 1.60583651949232706e-10,
                              -7.57862557993596961e-13);
  }
  return multiply_add<Target>(r * z, p, r);
}

template <class Target, class S>
GG_HD S cos_near(S r) {
  S z = r * r, p = 0, h = S(0.5) * z, w = 1 - h;
  if constexpr (Format<S>::is_float) {
    p = polynomial<Target, S>(z, 0.0416666666224777560f, -0.00138888837226658446f, 0.0000247995117720053272f,
                              -2.72095482690300606e-7f);
  } else {
    p = polynomial<Target, S>(z, 0.0416666666666666666, -0.00138888888888888740, 0.0000248015873015713812,
                              -2.75573192153256432e-7, 2.08767543546547956e-9, -1.14702919391255221e-11,
                              4.73804823489415736e-14);
  }
  return w + multiply_add<Target>(z * z, p, (1 - w) - h);
}

/// sin of the angle `shift` quadrants further on.
template <class Target, class S>
GG_HD S sin_of_angle(Angle<S> a, unsigned shift) {
  using Bits = typename Format<S>::Bits;
  Bits q = a.quadrant + shift;
  S y = (q & 1) ? cos_near<Target>(a.r) : sin_near<Target>(a.r);
  return from_bits<S>(bits_of(y) ^ ((q & 2) << (sizeof(S) * 8 - 2)));
}

template <class Target, class S>
GG_HD S sin(S x) {
  GG_BUILTIN(::sinf(x), ::sin(x))
  if constexpr (is_pack<S>)
    return S::each_lane([](float a) GG_LAMBDA { return sin<Target>(a); }, x);
  else
    return sin_of_angle<Target>(reduce_angle<Target>(x), 0);
}
template <class Target, class S>
GG_HD S cos(S x) {
  GG_BUILTIN(::cosf(x), ::cos(x))
  if constexpr (is_pack<S>)
    return S::each_lane([](float a) GG_LAMBDA { return cos<Target>(a); }, x);
  else
    return sin_of_angle<Target>(reduce_angle<Target>(x), 1);
}

}  // namespace gg::math
