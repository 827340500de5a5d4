// How linear interpolation reads an axis, in whole numbers, so that every device finds the same neighbours and weights:
// for the operation (ops/bilinear.cpp) and its kernels.
#pragma once

#include <cstdint>

namespace gg {

/// Element i of the result stands at (i·step + shift) / denominator of the source, at 0 where that is negative: between
/// the elements ⌊…⌋ and the one after it, if there is one.
struct LinearAxis {
  int64_t step, shift, denominator;

  /// From `from` elements to `to`. With align_corners the first and last elements of both stand at the same places;
  /// else elements are areas of equal size, and their centres are aligned (i + ½)·from/to − ½.
  static constexpr LinearAxis of(int64_t from, int64_t to, bool align_corners) {
    if (!align_corners) return {2 * from, from - to, 2 * to};
    if (to == 1) return {0, 0, 1};
    return {from - 1, 0, to - 1};
  }

  constexpr int64_t numerator(int64_t i) const {
    int64_t n = i * step + shift;
    return n < 0 ? 0 : n;
  }
};

/// Both axes of an image.
struct LinearAxes {
  LinearAxis height, width;
};

}  // namespace gg
