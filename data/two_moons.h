// Two moons: points of the plane in two classes that no line separates. What a network makes of them can be seen.
#pragma once

#include <cstdint>

#include "data/dataset.h"

namespace gg::data {

struct TwoMoonsOptions {
  int64_t samples = 1000;
  double noise = 0.1;  ///< standard deviation of the normal noise on both coordinates, ≥ 0
  uint64_t seed = 0;
};

/// Two interleaving half circles: class 0 is (cos t, sin t), class 1 is (1 − cos t, ½ − sin t), t uniform in [0, π], as
/// in scikit-learn's make_moons. x [n, 2]; classes alternate. A pure function of its options. Throws gg::Error.
Labelled two_moons(const TwoMoonsOptions& options = {});

}  // namespace gg::data
