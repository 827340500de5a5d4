// Packs: sixteen floats in one AVX-512 register, as a number type for the formulas of core/scalar_math.h.
//
// Loops over floats become vector code by themselves, but a compiler does not know that 2ⁿ·p is one instruction, or
// that clamps are (`a > b ? b : a` is, with NaN where it belongs). A pack says so, through the functions below.
// Everything else is the same formula, but that exp reduces its argument further, by a table that fits a register. Only
// for files compiled for AVX-512; elsewhere the number type of a loop is the float itself.
#pragma once

#include "core/scalar_math.h"

namespace gg::cpu {

/// The number type that a loop over elements S computes with on this target.
template <class Target, class S>
struct PackOf {
  using type = S;
};

#if defined(__AVX512F__) && defined(__AVX512DQ__)
}  // namespace gg::cpu

// GCC 12 takes the undefined values in its own intrinsics for mistakes (bug 105593).
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop

#include <type_traits>

#define GG_PACK inline __attribute__((always_inline))

namespace gg::cpu {

/// Sixteen truth values.
struct PackMask {
  __mmask16 m;
  friend GG_PACK PackMask operator&(PackMask a, PackMask b) { return {_kand_mask16(a.m, b.m)}; }
  friend GG_PACK PackMask operator|(PackMask a, PackMask b) { return {_kor_mask16(a.m, b.m)}; }
  GG_PACK PackMask operator!() const { return {_knot_mask16(m)}; }
};

/// Sixteen floats as integers.
struct PackBits {
  typedef uint32_t Vector __attribute__((vector_size(64)));
  Vector v;

  PackBits() = default;
  GG_PACK PackBits(Vector x) : v(x) {}
  GG_PACK PackBits(uint32_t x) : v(x - Vector{}) {}

  friend GG_PACK PackBits operator+(PackBits a, PackBits b) { return a.v + b.v; }
  friend GG_PACK PackBits operator-(PackBits a, PackBits b) { return a.v - b.v; }
  friend GG_PACK PackBits operator&(PackBits a, PackBits b) { return a.v & b.v; }
  friend GG_PACK PackBits operator|(PackBits a, PackBits b) { return a.v | b.v; }
  friend GG_PACK PackBits operator^(PackBits a, PackBits b) { return a.v ^ b.v; }
  friend GG_PACK PackBits operator<<(PackBits a, int n) { return a.v << n; }
  friend GG_PACK PackBits operator>>(PackBits a, int n) { return a.v >> n; }
};

/// Sixteen floats.
struct Pack {
  static constexpr int lanes = 16;
  typedef float Vector __attribute__((vector_size(64)));
  Vector v;

  Pack() = default;
  GG_PACK Pack(Vector x) : v(x) {}
  template <class A>
  requires std::is_arithmetic_v<A> GG_PACK Pack(A a) : v(_mm512_set1_ps(static_cast<float>(a))) {}

  static GG_PACK Pack load(const float* p) { return _mm512_loadu_ps(p); }
  /// The first n ≤ 16 lanes; the others are zero.
  static GG_PACK Pack load(const float* p, int n) { return _mm512_maskz_loadu_ps(first(n), p); }
  GG_PACK void store(float* p) const { _mm512_storeu_ps(p, v); }
  GG_PACK void store(float* p, int n) const { _mm512_mask_storeu_ps(p, first(n), v); }

  friend GG_PACK Pack operator-(Pack a) { return -a.v; }
  friend GG_PACK Pack operator+(Pack a, Pack b) { return a.v + b.v; }
  friend GG_PACK Pack operator-(Pack a, Pack b) { return a.v - b.v; }
  friend GG_PACK Pack operator*(Pack a, Pack b) { return a.v * b.v; }
  friend GG_PACK Pack operator/(Pack a, Pack b) { return a.v / b.v; }

  friend GG_PACK PackMask operator==(Pack a, Pack b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_EQ_OQ)}; }
  friend GG_PACK PackMask operator!=(Pack a, Pack b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_NEQ_UQ)}; }
  friend GG_PACK PackMask operator<(Pack a, Pack b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ)}; }
  friend GG_PACK PackMask operator<=(Pack a, Pack b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_LE_OQ)}; }
  friend GG_PACK PackMask operator>(Pack a, Pack b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_GT_OQ)}; }
  friend GG_PACK PackMask operator>=(Pack a, Pack b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_GE_OQ)}; }

  // What core/scalar_math.h asks of a number type that is no float or double.
  static GG_PACK Pack select(PackMask c, Pack a, Pack b) { return _mm512_mask_blend_ps(c.m, b.v, a.v); }
  static GG_PACK Pack multiply_add(Pack a, Pack b, Pack c) { return _mm512_fmadd_ps(a.v, b.v, c.v); }
  static GG_PACK Pack minimum(Pack a, Pack b) { return _mm512_min_ps(b.v, a.v); }  // NaN if `a` is
  static GG_PACK Pack maximum(Pack a, Pack b) { return _mm512_max_ps(b.v, a.v); }
  static GG_PACK Pack abs(Pack x) { return _mm512_abs_ps(x.v); }
  static GG_PACK Pack copysign(Pack magnitude, Pack sign) {
    const __m512i bits = _mm512_ternarylogic_epi32(_mm512_set1_epi32(INT32_MIN), _mm512_castps_si512(sign.v),
                                                   _mm512_castps_si512(magnitude.v), 0xca);  // first ? second : third
    return _mm512_castsi512_ps(bits);
  }
  static GG_PACK Pack sqrt(Pack x) { return _mm512_sqrt_ps(x.v); }
  static GG_PACK Pack floor(Pack x) { return _mm512_roundscale_ps(x.v, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC); }
  /// 2^(j/16), j being the four lowest bits of each lane.
  static GG_PACK Pack power_of_sixteenths(Pack bits) {
    const __m512 table = _mm512_setr_ps(1.0f, 1.04427373f, 1.09050775f, 1.13878858f, 1.18920708f, 1.24185777f,
                                        1.29683959f, 1.35425556f, 1.41421354f, 1.47682619f, 1.54221082f, 1.61049032f,
                                        1.68179286f, 1.75625217f, 1.8340081f, 1.91520655f);
    return _mm512_permutexvar_ps(_mm512_castps_si512(bits.v), table);
  }
  /// What rounding took from that, as a share of it.
  static GG_PACK Pack rest_of_sixteenths(Pack bits) {
    const __m512 table =
        _mm512_setr_ps(0.0f, 4.62854715e-08f, -1.19921575e-08f, 4.72978243e-08f, 3.19341815e-08f, 3.62105723e-08f,
                       -3.09907193e-08f, -7.47521334e-09f, 1.71142709e-08f, -3.04768335e-08f, 5.23333421e-09f,
                       6.10759177e-09f, -1.47196051e-08f, -5.25879518e-09f, -6.12825968e-09f, 5.14060927e-09f);
    return _mm512_permutexvar_ps(_mm512_castps_si512(bits.v), table);
  }
  /// x·2^⌊n⌋ in one rounding, n of any size.
  static GG_PACK Pack scale(Pack x, Pack n) { return _mm512_scalef_ps(x.v, n.v); }
  /// 1 / x within 2⁻¹⁴.
  static GG_PACK Pack rough_reciprocal(Pack x) { return _mm512_rcp14_ps(x.v); }
  /// fn of each lane, by a loop that the compiler makes vectors of.
  template <class Fn>
  static GG_PACK Pack each_lane(const Fn& fn, Pack x) {
    Lanes in(x), out;
    for (int i = 0; i < lanes; ++i) out.at[i] = fn(in.at[i]);
    return load(out.at);
  }
  template <class Fn>
  static GG_PACK Pack each_lane(const Fn& fn, Pack x, Pack y) {
    Lanes in(x), second(y), out;
    for (int i = 0; i < lanes; ++i) out.at[i] = fn(in.at[i], second.at[i]);
    return load(out.at);
  }

 private:
  static GG_PACK __mmask16 first(int n) { return static_cast<__mmask16>((1u << n) - 1); }
  struct Lanes {
    alignas(64) float at[lanes];
    Lanes() = default;
    GG_PACK explicit Lanes(Pack x) { x.store(at); }
  };
};

template <>
struct PackOf<Avx512, float> {
  using type = Pack;
};

#endif

}  // namespace gg::cpu

#if defined(GG_PACK)
namespace gg::math {

template <>
struct Format<cpu::Pack> : Format<float> {
  using Bits = cpu::PackBits;
};
template <>
inline constexpr bool is_pack<cpu::Pack> = true;

}  // namespace gg::math
#endif
