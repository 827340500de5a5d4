#include "data/order.h"

#include <algorithm>
#include <utility>

namespace gg::data {
namespace {

// The output function of SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
uint64_t mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}
constexpr uint64_t kGolden = 0x9e3779b97f4a7c15u;

}  // namespace

uint64_t sample_key(uint64_t seed, uint64_t epoch, uint64_t index) {
  uint64_t key = mix(seed + kGolden);
  key = mix(key ^ (epoch + 1) * kGolden);
  return mix(key + (index + 1) * kGolden);
}

std::vector<int64_t> shuffled_order(uint64_t seed, uint64_t epoch, int64_t n) {
  std::vector<std::pair<uint64_t, int64_t>> keyed(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i) {
    keyed[static_cast<size_t>(i)] = {sample_key(seed, epoch, static_cast<uint64_t>(i)), i};
  }
  std::sort(keyed.begin(), keyed.end());
  std::vector<int64_t> order;
  order.reserve(keyed.size());
  for (const auto& [key, index] : keyed) order.push_back(index);
  return order;
}

}  // namespace gg::data
