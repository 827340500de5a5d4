// Size2: a height and a width, written as one number where both are equal: {.stride = 2} or {.stride = {2, 1}}.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "core/error.h"

namespace gg::nn {

struct Size2 {
  int64_t height, width;

  constexpr Size2(int64_t both) : height(both), width(both) {}
  constexpr Size2(int64_t h, int64_t w) : height(h), width(w) {}
  constexpr operator std::array<int64_t, 2>() const { return {height, width}; }
  constexpr bool operator==(const Size2&) const = default;
};

/// "3" or "(3, 5)".
inline std::string to_string(Size2 s) {
  return s.height == s.width ? str(s.height) : str("(", s.height, ", ", s.width, ")");
}

}  // namespace gg::nn
