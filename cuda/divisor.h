// Division by a number that is known at launch, for kernels: a GPU has no instruction for it and takes some twenty.
#pragma once

#include <cstdint>

#include "core/target.h"

namespace gg {

/// n / value for n < 2^31 and 1 <= value < 2^31, as the high half of a product, a sum and a shift (Granlund and
/// Montgomery, "Division by invariant integers using multiplication", PLDI 1994).
struct Divisor {
  uint32_t value = 1, multiplier = 1, shift = 0;

  Divisor() = default;
  explicit Divisor(uint32_t d) : value(d) {
    while ((uint64_t{1} << shift) < d) ++shift;
    multiplier = static_cast<uint32_t>((((uint64_t{1} << shift) - d) << 32) / d + 1);
  }
  GG_HD uint32_t quotient(uint32_t n) const {
    return (static_cast<uint32_t>((static_cast<uint64_t>(n) * multiplier) >> 32) + n) >> shift;
  }
};

}  // namespace gg
