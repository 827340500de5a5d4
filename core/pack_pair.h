// Two packs side by side (core/pack.h), or two pairs of them: a number type that does everything twice.
//
// A formula of thirty dependent instructions leaves a processor waiting for each result before it can go on. Two or
// four independent copies of it, instruction by instruction in turns, fill the gaps; a loop that is merely unrolled has
// them one after the other, further apart than the processor looks ahead.
#pragma once

#include "core/pack.h"

namespace gg::cpu {

/// The number type for the bulk of a loop over S, of which the rest is done in PackOf.
template <class Target, class S>
struct WidePackOf : PackOf<Target, S> {};

}  // namespace gg::cpu

#if defined(GG_PACK)
namespace gg::cpu {

/// The truth values, or the bits, of both halves.
template <class Half>
struct PairOf {
  Half low, high;

  PairOf() = default;
  GG_PACK PairOf(Half l, Half h) : low(l), high(h) {}
  template <class A>
  requires std::is_arithmetic_v<A> GG_PACK PairOf(A a) : low(a), high(a) {}

  friend GG_PACK PairOf operator+(PairOf a, PairOf b) { return {a.low + b.low, a.high + b.high}; }
  friend GG_PACK PairOf operator-(PairOf a, PairOf b) { return {a.low - b.low, a.high - b.high}; }
  friend GG_PACK PairOf operator&(PairOf a, PairOf b) { return {a.low & b.low, a.high & b.high}; }
  friend GG_PACK PairOf operator|(PairOf a, PairOf b) { return {a.low | b.low, a.high | b.high}; }
  friend GG_PACK PairOf operator^(PairOf a, PairOf b) { return {a.low ^ b.low, a.high ^ b.high}; }
  friend GG_PACK PairOf operator<<(PairOf a, int n) { return {a.low << n, a.high << n}; }
  friend GG_PACK PairOf operator>>(PairOf a, int n) { return {a.low >> n, a.high >> n}; }
  GG_PACK PairOf operator!() const { return {!low, !high}; }
};

/// Twice as many floats as a Half.
template <class Half>
struct PackPair {
  static constexpr int lanes = 2 * Half::lanes;
  using Mask = PairOf<decltype(Half(0) < Half(0))>;
  Half low, high;

  PackPair() = default;
  GG_PACK PackPair(Half l, Half h) : low(l), high(h) {}
  template <class A>
  requires std::is_arithmetic_v<A> GG_PACK PackPair(A a) : low(a), high(a) {}

  static GG_PACK PackPair load(const float* p) { return {Half::load(p), Half::load(p + Half::lanes)}; }
  GG_PACK void store(float* p) const {
    low.store(p);
    high.store(p + Half::lanes);
  }

  friend GG_PACK PackPair operator-(PackPair a) { return {-a.low, -a.high}; }
  friend GG_PACK PackPair operator+(PackPair a, PackPair b) { return {a.low + b.low, a.high + b.high}; }
  friend GG_PACK PackPair operator-(PackPair a, PackPair b) { return {a.low - b.low, a.high - b.high}; }
  friend GG_PACK PackPair operator*(PackPair a, PackPair b) { return {a.low * b.low, a.high * b.high}; }
  friend GG_PACK PackPair operator/(PackPair a, PackPair b) { return {a.low / b.low, a.high / b.high}; }

  friend GG_PACK Mask operator==(PackPair a, PackPair b) { return {a.low == b.low, a.high == b.high}; }
  friend GG_PACK Mask operator!=(PackPair a, PackPair b) { return {a.low != b.low, a.high != b.high}; }
  friend GG_PACK Mask operator<(PackPair a, PackPair b) { return {a.low < b.low, a.high < b.high}; }
  friend GG_PACK Mask operator<=(PackPair a, PackPair b) { return {a.low <= b.low, a.high <= b.high}; }
  friend GG_PACK Mask operator>(PackPair a, PackPair b) { return {a.low > b.low, a.high > b.high}; }
  friend GG_PACK Mask operator>=(PackPair a, PackPair b) { return {a.low >= b.low, a.high >= b.high}; }

  static GG_PACK PackPair select(Mask c, PackPair a, PackPair b) {
    return {Half::select(c.low, a.low, b.low), Half::select(c.high, a.high, b.high)};
  }
  static GG_PACK PackPair multiply_add(PackPair a, PackPair b, PackPair c) {
    return {Half::multiply_add(a.low, b.low, c.low), Half::multiply_add(a.high, b.high, c.high)};
  }
  static GG_PACK PackPair minimum(PackPair a, PackPair b) {
    return {Half::minimum(a.low, b.low), Half::minimum(a.high, b.high)};
  }
  static GG_PACK PackPair maximum(PackPair a, PackPair b) {
    return {Half::maximum(a.low, b.low), Half::maximum(a.high, b.high)};
  }
  static GG_PACK PackPair abs(PackPair x) { return {Half::abs(x.low), Half::abs(x.high)}; }
  static GG_PACK PackPair copysign(PackPair magnitude, PackPair sign) {
    return {Half::copysign(magnitude.low, sign.low), Half::copysign(magnitude.high, sign.high)};
  }
  static GG_PACK PackPair sqrt(PackPair x) { return {Half::sqrt(x.low), Half::sqrt(x.high)}; }
  static GG_PACK PackPair floor(PackPair x) { return {Half::floor(x.low), Half::floor(x.high)}; }
  static GG_PACK PackPair power_of_sixteenths(PackPair bits) {
    return {Half::power_of_sixteenths(bits.low), Half::power_of_sixteenths(bits.high)};
  }
  static GG_PACK PackPair rest_of_sixteenths(PackPair bits) {
    return {Half::rest_of_sixteenths(bits.low), Half::rest_of_sixteenths(bits.high)};
  }
  static GG_PACK PackPair scale(PackPair x, PackPair n) {
    return {Half::scale(x.low, n.low), Half::scale(x.high, n.high)};
  }
  static GG_PACK PackPair rough_reciprocal(PackPair x) {
    return {Half::rough_reciprocal(x.low), Half::rough_reciprocal(x.high)};
  }
  template <class Fn, class... P>
  static GG_PACK PackPair each_lane(const Fn& fn, P... x) {
    return {Half::each_lane(fn, x.low...), Half::each_lane(fn, x.high...)};
  }
};

template <>
struct WidePackOf<Avx512, float> {
  using type = PackPair<PackPair<Pack>>;
};

}  // namespace gg::cpu

namespace gg::math {

template <class Half>
struct Format<cpu::PackPair<Half>> : Format<float> {
  using Bits = cpu::PairOf<typename Format<Half>::Bits>;
};
template <class Half>
inline constexpr bool is_pack<cpu::PackPair<Half>> = true;

}  // namespace gg::math
#endif
