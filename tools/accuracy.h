// How accurate the elementwise functions and their derivatives are in float32: measured against float64 of the same
// formula, which the tests of the number types hold against long double (tests/numbers/derivatives_test.cpp).
#pragma once

#include <string>
#include <vector>

namespace gg::tools {

/// Orders of derivative that are measured: f itself, f′, f″, f‴, as training computes them. f′ comes from the output
/// where the functor gives df(y).
inline constexpr int kAccuracyOrders = 4;

struct Accuracy {
  std::string name;
  /// The largest |error| / max(|f⁽ᵏ⁾(x)|, |h·f⁽ᵏ⁺¹⁾(x)|) in units of 2⁻²⁴, where h is x, of derivatives at least 1/8: a
  /// correct rounding of the result is one unit at most, and so is what another rounding of x would do; derivatives
  /// that go through 0 at 0 do so up to rounding. Negative where the derivative is 0 everywhere.
  double worst[kAccuracyOrders] = {-1, -1, -1, -1};
  float at[kAccuracyOrders] = {};  ///< where
};

/// Of every functor of one argument, at some ten thousand numbers of either sign from 2⁻²⁰ to 2¹².
std::vector<Accuracy> measure_accuracy();

struct PairAccuracy {
  std::string name;
  /// Of f, ∂f/∂a and ∂f/∂b: the largest |error| / max(|g|, |a·∂g/∂a|, |b·∂g/∂b|), g being one of them, in units of
  /// 2⁻²⁴. Negative where g is 0 everywhere.
  double worst[3] = {-1, -1, -1};
  float at[3][2] = {};  ///< where
};

/// Of every functor of two arguments, at pairs of those numbers.
std::vector<PairAccuracy> measure_pair_accuracy();

/// For people.
std::string to_table(const std::vector<Accuracy>& all, const std::vector<PairAccuracy>& pairs);

}  // namespace gg::tools
