// Distances between floating-point numbers in units of the last place.
#pragma once

#include <cmath>
#include <limits>

namespace gg::testing {

/// The spacing of S at |x| (that of the smallest normal numbers below them).
template <class S>
long double ulp_at(long double x) {
  int e = 0;
  std::frexp(std::fabs(x), &e);
  e = std::max(e, std::numeric_limits<S>::min_exponent);
  return std::ldexp(1.0L, e - std::numeric_limits<S>::digits);
}

/// |got - want| in ulps of want; 0 where both are the same infinity or both NaN, infinite where only one is. A `want`
/// that rounds to infinity counts as infinity.
template <class S>
long double ulps(S got, long double want) {
  S rounded = static_cast<S>(want);
  if (std::isnan(want) || std::isnan(got)) return std::isnan(want) && std::isnan(got) ? 0 : INFINITY;
  if (std::isinf(rounded) || std::isinf(got)) {
    if (rounded == got) return 0;
    // Within the last few numbers before overflow either side may have rounded over the edge.
    long double edge = std::numeric_limits<S>::max();
    long double g = std::isinf(got) ? std::copysign(edge, got) : got;
    long double w = std::fabs(want) > edge ? std::copysign(edge, want) : want;
    if (std::fabs(want) < 1.00001L * edge) return std::fabs(g - w) / ulp_at<S>(edge);
    return INFINITY;
  }
  return std::fabs(static_cast<long double>(got) - want) / ulp_at<S>(want);
}

}  // namespace gg::testing
