// What the tests of transforms share: random float64 tensors, and comparison number by number.
#pragma once

#include <gtest/gtest.h>

#include <cmath>

#include "ops/creation.h"

namespace gg::testing_support {

using Doubles = std::vector<double>;

inline Doubles values(const Tensor& t) { return t.detach().to_vector<double>(); }

inline Tensor random(const Shape& shape, uint64_t seed) {
  Generator g(seed);
  return randn(shape, {f64}, g);
}

inline void expect_close(const Tensor& a, const Tensor& b, double tolerance = 1e-12) {
  ASSERT_EQ(a.shape(), b.shape());
  Doubles x = values(a), y = values(b);
  for (size_t i = 0; i < x.size(); ++i) EXPECT_NEAR(x[i], y[i], tolerance * std::max(1.0, std::abs(y[i]))) << i;
}

}  // namespace gg::testing_support
