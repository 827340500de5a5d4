// Fills with random numbers on a device: the CPU's cpu/random.h, with the CPU's bits. Element i in row-major order uses
// the words that core/philox.h assigns to it. The state lies in host memory; it is read before these return.
#pragma once

#include "core/array.h"
#include "core/noise.h"
#include "core/philox.h"
#include "cuda/device_api.h"

GG_DEVICE_API(
    /// [0, 1). f32: 4 elements a block; f64: 2.
    void random_uniform(gg::Array out, const gg::PhiloxState* state);

    /// Standard normal numbers. f32: 4 elements a block; f64: 2.
    void random_normal(gg::Array out, const gg::PhiloxState* state);

    /// 1 (or true) with probability p, else 0, in any type; 4 elements a block.
    void random_bernoulli(gg::Array out, const gg::PhiloxState* state, double p);

    /// out = x · (1/keep with probability `keep`, else 0), f32 or f64 of one shape; the draws are random_bernoulli's.
    void random_dropout(gg::Array out, gg::Array x, const gg::PhiloxState* state, double keep);

    /// out = x · (1 + width·u), f32 or f64 of one shape; u is made of what random_uniform or random_normal draws.
    void random_noise(gg::Array out, gg::Array x, const gg::PhiloxState* state, gg::Noise kind, double width);

    /// Integers in [low, high), out i64, 2 elements a block.
    void random_integers(gg::Array out, const gg::PhiloxState* state, int64_t low, int64_t high);

    /// The numbers 0 … n-1 in random order, as Fisher and Yates' shuffle gives it; out i64 with one axis. Waits for the
    /// device.
    void random_permutation(gg::Array out, const gg::PhiloxState* state);)
