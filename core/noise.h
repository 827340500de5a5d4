// What random_noise of all devices is told: the factors that it draws.
#pragma once

namespace gg {

/// The factors are 1 + width·u, where u is
enum class Noise {
  uniform,  ///< uniform in [−1, 1)
  normal,   ///< standard normal
};

/// A factor is shift + scale·draw, where a uniform draw is in [0, 1).
struct NoiseFactor {
  double scale, shift;
};
constexpr NoiseFactor noise_factor(Noise kind, double width) {
  return kind == Noise::uniform ? NoiseFactor{2 * width, 1 - width} : NoiseFactor{width, 1};
}

}  // namespace gg
