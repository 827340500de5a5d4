// Fills with random numbers. Element i in row-major order uses the words that core/philox.h assigns to it, so the
// values depend neither on the number of threads, nor on the instruction set, nor on the layout.
//
// The state is read when a fill runs; none of them advances it. The caller adds the blocks that were used:
// philox_blocks(n, 4) or (n, 2), as the comments say.
#pragma once

#include "core/array.h"
#include "core/noise.h"
#include "core/philox.h"

namespace gg::cpu {

/// [0, 1). f32: 4 elements a block; f64: 2.
void random_uniform(Array out, const PhiloxState* state);

/// Standard normal numbers. f32: 4 elements a block; f64: 2.
void random_normal(Array out, const PhiloxState* state);

/// 1 (or true) with probability p, else 0, in any type; 4 elements a block. p in steps of 2⁻³²; throws if not in [0,
/// 1].
void random_bernoulli(Array out, const PhiloxState* state, double p);

/// out = x · (1/keep with probability `keep`, else 0), f32 or f64 of one shape; the draws are random_bernoulli's.
void random_dropout(Array out, Array x, const PhiloxState* state, double keep);

/// out = x · (1 + width·u), f32 or f64 of one shape; u is made of what random_uniform or random_normal draws.
void random_noise(Array out, Array x, const PhiloxState* state, Noise kind, double width);

/// Integers in [low, high), out i64, 2 elements a block; throws if the range is empty.
void random_integers(Array out, const PhiloxState* state, int64_t low, int64_t high);

/// The numbers 0 … n-1 in random order (Fisher and Yates), out i64 with one axis; 2 elements a block.
void random_permutation(Array out, const PhiloxState* state);

}  // namespace gg::cpu
