// convert: a number as another element type. One rule for the whole library, on every device.
#pragma once

#include <cstdint>
#include <type_traits>

#include "core/target.h"

namespace gg {

/// x as a float, double, int64_t or bool. To bool: whether it is not zero, as NaN is not. From floating to int64:
/// towards zero; NaN becomes 0, and what is out of range the nearest number there is. Else as the language has it.
/// `Target` is for kernels that are compiled for one instruction set (core/target.h).
template <class To, class From, class Target = cpu::Baseline>
GG_HD To convert(From x) {
  if constexpr (std::is_same_v<To, bool>) {
    return x != From(0);
  } else if constexpr (std::is_floating_point_v<From> && std::is_same_v<To, int64_t>) {
    constexpr From limit = static_cast<From>(0x1p63);
    From v = x == x ? x : From(0);
    bool fits = v >= -limit && v < limit;
    int64_t edge = v < 0 ? INT64_MIN : INT64_MAX;
    int64_t whole = static_cast<int64_t>(fits ? v : From(0));
    return fits ? whole : edge;
  } else {
    return static_cast<To>(x);
  }
}

}  // namespace gg
