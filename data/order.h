// The order of samples, and the key of each sample's randomness, as pure functions of (seed, epoch, sample index): no
// state, so any epoch, batch or sample can be had again without replaying what came before.
#pragma once

#include <cstdint>
#include <vector>

namespace gg::data {

/// A well-mixed 64-bit key. Augmentation of a sample draws from Generator(sample_key(seed, epoch, index)) or from the
/// key's bits, and then is the same whatever batch the sample is in.
uint64_t sample_key(uint64_t seed, uint64_t epoch, uint64_t index);

/// A random order of 0 … n−1: sorted by sample_key.
std::vector<int64_t> shuffled_order(uint64_t seed, uint64_t epoch, int64_t n);

}  // namespace gg::data
