#include "ops/rotary.h"

#include <cmath>
#include <vector>

#include "ops/elementwise.h"
#include "ops/shape.h"

namespace gg {

Tensor rotary_embedding(const Tensor& x, const RotaryOptions& o) {
  GG_CHECK(is_floating(x.dtype()) && x.rank() >= 2 && x.size(-1) % 2 == 0,
           "rotary_embedding: expected floating [..., length, features] with an even number of features, got ",
           name_of(x.dtype()), " ", x.shape());
  GG_CHECK(o.base > 0, "rotary_embedding: the base must be positive, got ", o.base);
  const int64_t length = x.size(-2), pairs = x.size(-1) / 2;
  std::vector<double> frequencies, cosines, sines;
  for (int64_t i = 0; i < pairs; ++i) {
    frequencies.push_back(std::pow(o.base, -static_cast<double>(i) / static_cast<double>(pairs)));
  }
  for (int64_t t = 0; t < length; ++t) {
    for (double frequency : frequencies) {
      const double angle = static_cast<double>(o.first + t) * frequency;
      cosines.push_back(std::cos(angle));
      sines.push_back(std::sin(angle));
    }
  }
  auto factors = [&](const std::vector<double>& v) {
    return to(to(from_vector(v, {length, pairs}), x.dtype()), x.device());
  };
  const Tensor c = factors(cosines), s = factors(sines);
  Shape shape = x.shape();
  shape[shape.rank() - 1] = pairs;
  shape.push_back(2);
  const Tensor both = reshape(x, shape), a = select(both, -1, 0), b = select(both, -1, 1);
  return reshape(stack({a * c - b * s, a * s + b * c}, -1), x.shape());
}

}  // namespace gg
