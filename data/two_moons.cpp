#include "data/two_moons.h"

#include <cmath>
#include <numbers>

#include "core/error.h"
#include "core/generator.h"
#include "data/order.h"
#include "ops/creation.h"

namespace gg::data {

Labelled two_moons(const TwoMoonsOptions& o) {
  GG_CHECK(o.samples >= 2, "two_moons: expected at least 2 samples, got ", o.samples);
  GG_CHECK(o.noise >= 0 && std::isfinite(o.noise), "two_moons: expected noise ≥ 0, got ", o.noise);
  Generator angles(sample_key(o.seed, 0, 0)), noise(sample_key(o.seed, 0, 1));
  const std::vector<double> u = rand({o.samples}, {.dtype = f64}, angles).to_vector<double>();
  const std::vector<double> e = randn({o.samples, 2}, {.dtype = f64}, noise).to_vector<double>();
  std::vector<float> points;
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < o.samples; ++i) {
    const auto k = static_cast<size_t>(i);
    const double t = std::numbers::pi * u[k];
    const bool second = i % 2 == 1;
    points.push_back(static_cast<float>((second ? 1 - std::cos(t) : std::cos(t)) + o.noise * e[2 * k]));
    points.push_back(static_cast<float>((second ? 0.5 - std::sin(t) : std::sin(t)) + o.noise * e[2 * k + 1]));
    labels.push_back(i % 2);
  }
  return {from_vector(points, {o.samples, 2}), from_vector(labels, {o.samples})};
}

}  // namespace gg::data
