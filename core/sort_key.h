// Keys whose order as unsigned numbers is the order of elements: NaN is largest (all NaNs are equal), and −0 equals 0,
// as in PyTorch. Shared by the CPU and the devices.
#pragma once

#include <cstdint>

#include "core/target.h"

namespace gg {

template <class T>
struct SortKeyOf {
  using type = uint64_t;
};
template <>
struct SortKeyOf<float> {
  using type = uint32_t;
};
template <class T>
using SortKey = typename SortKeyOf<T>::type;

/// The sign bit of a key, which for floats means the element's.
template <class Key>
inline constexpr Key kTopBit = Key{1} << (8 * sizeof(Key) - 1);

/// With `descending`, the order is turned around, NaN first.
template <class T>
GG_HD SortKey<T> sort_key(T x, bool descending) {
  using Key = SortKey<T>;
  Key key = kTopBit<Key>;  // of 0
  if (x != x) {
    key = static_cast<Key>(-1);
  } else if (x != 0) {
    const Key bits = __builtin_bit_cast(Key, x);
    key = bits & kTopBit<Key> ? static_cast<Key>(~bits) : static_cast<Key>(bits | kTopBit<Key>);
  }
  return descending ? static_cast<Key>(~key) : key;
}

template <>
GG_HD uint64_t sort_key(int64_t x, bool descending) {
  const uint64_t key = static_cast<uint64_t>(x) ^ kTopBit<uint64_t>;
  return descending ? ~key : key;
}

}  // namespace gg
