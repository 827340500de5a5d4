// Counter-based random numbers: Philox 4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as
// 1, 2, 3", SC 2011). A block of four 32-bit words is a pure function of a key and a counter, so every element of a
// tensor knows its own random words, whatever the thread, device or order in which it is made.
//
// Which words element i (in row-major order) of a fill uses, with `offset` the generator's position:
//   32-bit values (f32, and Bernoulli draws of any type)   block offset + i/4, word i%4
//   64-bit values (f64, i64)                               block offset + i/2, words 2(i%2) and 2(i%2)+1 (low, high)
//   normal f32: elements come in pairs; the pair (2j, 2j+1) uses the words of elements 2j and 2j+1
//   normal f64: the pair (2j, 2j+1) uses all four words of block offset + j
// The functions below turn words into numbers; they give the same bits on every processor, if compiled without
// contraction of a·b + c (-ffp-contract=off, -fmad=false): they say fma where they mean it.
#pragma once

#include <stdint.h>

#include "core/scalar_math.h"
#include "core/target.h"

namespace gg {

/// Where a stream of random numbers stands. `stream` tells apart streams with one seed.
struct PhiloxState {
  uint64_t seed = 0;
  uint64_t offset = 0;  ///< in blocks
  uint64_t stream = 0;
};

/// Blocks that n elements use: `per_block` is 4 for 32-bit values and 2 for 64-bit values.
GG_HD uint64_t philox_blocks(int64_t n, int per_block) {
  return (static_cast<uint64_t>(n) + static_cast<uint64_t>(per_block) - 1) / static_cast<uint64_t>(per_block);
}

struct PhiloxBlock {
  uint32_t word[4];
};

/// The block at `counter` (the low 64 bits of the algorithm's counter; the high ones are `stream`) for the key `seed`.
GG_HD PhiloxBlock philox(uint64_t seed, uint64_t counter, uint64_t stream = 0) {
  uint32_t c0 = static_cast<uint32_t>(counter), c1 = static_cast<uint32_t>(counter >> 32);
  uint32_t c2 = static_cast<uint32_t>(stream), c3 = static_cast<uint32_t>(stream >> 32);
  uint32_t k0 = static_cast<uint32_t>(seed), k1 = static_cast<uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    uint64_t p0 = uint64_t{0xD2511F53u} * c0, p1 = uint64_t{0xCD9E8D57u} * c2;
    uint32_t n0 = static_cast<uint32_t>(p1 >> 32) ^ c1 ^ k0, n2 = static_cast<uint32_t>(p0 >> 32) ^ c3 ^ k1;
    c1 = static_cast<uint32_t>(p1);
    c3 = static_cast<uint32_t>(p0);
    c0 = n0;
    c2 = n2;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {{c0, c1, c2, c3}};
}

/// [0, 1) in steps of 2⁻²⁴.
GG_HD float uniform_float(uint32_t word) { return static_cast<float>(static_cast<int32_t>(word >> 8)) * 0x1p-24f; }

/// [0, 1) in steps of 2⁻⁵².
GG_HD double uniform_double(uint32_t low, uint32_t high) {
  uint64_t bits = (static_cast<uint64_t>(high) << 32 | low) >> 12;
  return math::from_bits<double>(bits | 0x3ff0000000000000ull) - 1.0;
}

/// [0, range): the high half of a 64 × 64 bit product, with a bias of at most range/2⁶⁴. range = 0 means 2⁶⁴.
GG_HD uint64_t uniform_integer(uint32_t low, uint32_t high, uint64_t range) {
  uint64_t x = static_cast<uint64_t>(high) << 32 | low;
  if (range == 0) return x;
  uint64_t x0 = low, x1 = high, r0 = range & 0xffffffffu, r1 = range >> 32;
  uint64_t middle = x1 * r0 + (x0 * r0 >> 32);  // cannot overflow
  uint64_t carry = x0 * r1 + (middle & 0xffffffffu);
  return x1 * r1 + (middle >> 32) + (carry >> 32);
}

/// The threshold under which a word means true with probability p, in 32 bits: word < bernoulli_threshold(p).
GG_HD uint64_t bernoulli_threshold(double p) {
  if (!(p > 0)) return 0;
  return p >= 1 ? uint64_t{1} << 32 : static_cast<uint64_t>(p * 0x1p32);
}

/// Scalar maths whose results have the same bits everywhere: fused multiply-adds even where they are slow.
struct ExactTarget {
  static constexpr bool has_fma = true;
  static constexpr bool has_builtins = false;
};

template <class T>
struct NormalPair {
  T first, second;
};

/// Two independent standard normal numbers by Box and Muller's transform, at most 6.7 in size.
GG_HD NormalPair<float> normal_pair(uint32_t u, uint32_t v) {
  // u becomes a number in (0, 1]; v an angle: the top bits say the nearest quadrant, the rest how far from its middle.
  float x = __builtin_fmaf(static_cast<float>(u), 0x1p-32f, 0x1p-33f);
  float radius = __builtin_sqrtf(-2.0f * math::log<ExactTarget>(x));
  math::Angle<float> angle{static_cast<float>(static_cast<int32_t>(v << 2)) * (1.57079632679489661923f * 0x1p-32f),
                           (v + 0x20000000u) >> 30};
  return {radius * math::sin_of_angle<ExactTarget>(angle, 1), radius * math::sin_of_angle<ExactTarget>(angle, 0)};
}

/// The same in double, from four words; at most 8.6 in size.
GG_HD NormalPair<double> normal_pair(uint32_t u_low, uint32_t u_high, uint32_t v_low, uint32_t v_high) {
  double x = 1.0 - uniform_double(u_low, u_high);
  double radius = __builtin_sqrt(-2.0 * math::log<ExactTarget>(x));
  uint64_t v = static_cast<uint64_t>(v_high) << 32 | v_low;
  int64_t turn = static_cast<int64_t>(v << 2) >> 12;  // a signed 52-bit part of a quadrant
  // The integer becomes a double in the low bits of 1.5·2⁵²: no machine need convert 64-bit integers.
  double part = math::from_bits<double>(0x4338000000000000ull + static_cast<uint64_t>(turn)) - 0x1.8p52;
  math::Angle<double> angle{part * (1.57079632679489661923 * 0x1p-52), (v + 0x2000000000000000ull) >> 62};
  return {radius * math::sin_of_angle<ExactTarget>(angle, 1), radius * math::sin_of_angle<ExactTarget>(angle, 0)};
}

}  // namespace gg
