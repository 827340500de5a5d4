#include "cpu/pool.h"

#include <gtest/gtest.h>

#include "tests/cpu/arrays.h"

namespace gg::cpu_test {
namespace {

struct Case {
  Shape x;
  Pool2dOptions p;
};

const std::vector<Case> kCases = {
    {{2, 3, 8, 9}, {{2, 2}, {2, 2}}},          {{1, 70, 7, 6}, {{3, 3}, {2, 2}, {1, 1}}},
    {{3, 2, 10, 5}, {{3, 2}, {1, 3}, {1, 1}}}, {{2, 1, 5, 5}, {{5, 5}, {1, 1}}},
    {{5, 4, 1, 1}, {{1, 1}, {1, 1}}},          {{2, 5, 28, 28}, {{4, 4}, {4, 4}, {2, 2}}},
};

const std::vector<std::vector<int>> kOrders = {{0, 1, 2, 3}, {0, 2, 3, 1}, {3, 1, 0, 2}};

Shape pooled_shape(const Case& c) {
  Shape s = c.x;
  for (int i = 0; i < 2; ++i) {
    s[2 + i] = (c.x[2 + i] + 2 * c.p.padding[i] - c.p.dilation[i] * (c.p.kernel[i] - 1) - 1) / c.p.stride[i] + 1;
  }
  return s;
}

// Calls fn(output position, input position, place in the plane) for every tap inside the image, in row-major order.
template <class Fn>
void for_taps(const Case& c, Fn&& fn) {
  Shape out = pooled_shape(c);
  for (int64_t plane = 0; plane < c.x[0] * c.x[1]; ++plane) {
    for (int64_t oh = 0; oh < out[2]; ++oh) {
      for (int64_t ow = 0; ow < out[3]; ++ow) {
        for (int64_t i = 0; i < c.p.kernel[0]; ++i) {
          for (int64_t j = 0; j < c.p.kernel[1]; ++j) {
            int64_t h = oh * c.p.stride[0] - c.p.padding[0] + i * c.p.dilation[0];
            int64_t w = ow * c.p.stride[1] - c.p.padding[1] + j * c.p.dilation[1];
            if (h < 0 || h >= c.x[2] || w < 0 || w >= c.x[3]) continue;
            int64_t place = h * c.x[3] + w;
            fn((plane * out[2] + oh) * out[3] + ow, plane * c.x[2] * c.x[3] + place, place);
          }
        }
      }
    }
  }
}

TEST(MaxPool, FirstOfEqualsAndLastNan) {
  std::vector<Case> cases = kCases;
  cases.push_back({{2, 3, 9, 9}, {{3, 2}, {1, 2}, {1, 0}, {2, 3}}});
  for (auto& c : cases) {
    for (auto& order : kOrders) {
      for (bool nan : {false, true}) {
        Owned<float> x(c.x, order, 1);
        x.randomize(1, -4, 4);
        for (int64_t i = 0; i < x.numel(); ++i) x.at(i) = std::round(x.at(i));  // ties
        if (nan) {
          for (int64_t i = 5; i < x.numel(); i += 11) x.at(i) = std::nanf("");
        }
        Owned<int64_t> index(pooled_shape(c));
        Owned<float> values(pooled_shape(c));
        cpu::max_pool2d(values, index, x, c.p);
        std::vector<int64_t> expected(index.numel(), -1);
        std::vector<float> best(index.numel());
        for_taps(c, [&](int64_t o, int64_t i, int64_t place) {
          float v = x.at(i);
          if (expected[o] >= 0 && !(v > best[o]) && v == v) return;
          expected[o] = place;
          best[o] = v;
        });
        EXPECT_EQ(index.values(), expected) << to_string(c.x);
        for (int64_t i = 0; i < values.numel(); ++i) {
          EXPECT_TRUE(values.at(i) == best[i] || (values.at(i) != values.at(i) && best[i] != best[i]));
        }
      }
    }
  }
}

TEST(MaxPool, PaddingNeverWins) {
  Owned<double> x({1, 1, 2, 2});
  for (int64_t i = 0; i < 4; ++i) x.at(i) = -std::numeric_limits<double>::infinity();
  Owned<int64_t> index({1, 1, 2, 2});
  Owned<double> values({1, 1, 2, 2});
  cpu::max_pool2d(values, index, x, {{2, 2}, {2, 2}, {1, 1}});
  EXPECT_EQ(index.values(), (std::vector<int64_t>{0, 1, 2, 3}));
}

template <class T>
void check_average() {
  for (auto& c : kCases) {
    for (auto& order : kOrders) {
      for (auto& out_order : kOrders) {
        Owned<T> x(c.x, order, 1), out(pooled_shape(c), out_order), g(pooled_shape(c), out_order), dx(c.x, order);
        x.randomize(1);
        g.randomize(2);
        cpu::avg_pool2d(out, x, c.p);
        cpu::avg_pool2d_adjoint(dx, g, c.p);
        std::vector<double> expected(out.numel(), 0), adjoint(x.numel(), 0);
        double scale = 1.0 / static_cast<double>(c.p.kernel[0] * c.p.kernel[1]);
        for_taps(c, [&](int64_t o, int64_t i, int64_t) {
          expected[o] += x.at(i) * scale;
          adjoint[i] += g.at(o) * scale;
        });
        for (int64_t i = 0; i < out.numel(); ++i) ASSERT_NEAR(out.at(i), expected[i], 1e-6);
        for (int64_t i = 0; i < x.numel(); ++i) ASSERT_NEAR(dx.at(i), adjoint[i], 1e-6);
      }
    }
  }
}

TEST(AvgPool, MeanAndAdjointInAnyLayout) {
  check_average<float>();
  check_average<double>();
}

TEST(Nearest, ValueAndAdjointInAnyLayout) {
  for (auto& [from, to] : std::vector<std::pair<Shape, Shape>>{
           {{2, 3, 4, 5}, {2, 3, 8, 10}}, {{1, 70, 3, 3}, {1, 70, 7, 2}}, {{2, 1, 5, 5}, {2, 1, 1, 9}}}) {
    for (auto& order : kOrders) {
      for (auto& out_order : kOrders) {
        Owned<float> x(from, order, 1), out(to, out_order), g(to, out_order), dx(from, order);
        x.randomize(1);
        g.randomize(2);
        cpu::interpolate_nearest(out, x);
        cpu::interpolate_nearest_adjoint(dx, g);
        std::vector<double> adjoint(x.numel(), 0);
        for (int64_t i = 0; i < out.numel(); ++i) {
          int64_t w = i % to[3], h = i / to[3] % to[2], plane = i / to[3] / to[2];
          int64_t source = (plane * from[2] + h * from[2] / to[2]) * from[3] + w * from[3] / to[3];
          ASSERT_EQ(out.at(i), x.at(source)) << i;
          adjoint[source] += g.at(i);
        }
        for (int64_t i = 0; i < x.numel(); ++i) ASSERT_NEAR(dx.at(i), adjoint[i], 1e-5);
      }
    }
  }
}

TEST(Pool, SameBitsForAnyNumberOfThreads) {
  for (auto& order : kOrders) {
    Owned<float> g({8, 70, 14, 14}, order);
    g.randomize(1);
    EXPECT_TRUE(same_for_any_threads([&] {
      Owned<float> dx({8, 70, 28, 28}, order);
      cpu::avg_pool2d_adjoint(dx, g, {{2, 2}, {2, 2}});
      return dx.bytes;
    }));
  }
}

TEST(Pool, EmptyAndWrongShapes) {
  Owned<float> x({0, 3, 4, 4}), out({0, 3, 2, 2}), bad({0, 3, 3, 2});
  cpu::avg_pool2d(out, x, {{2, 2}, {2, 2}});
  cpu::avg_pool2d_adjoint(x, out, {{2, 2}, {2, 2}});
  EXPECT_THROW(cpu::avg_pool2d(bad, x, {{2, 2}, {2, 2}}), Error);
  EXPECT_THROW(cpu::avg_pool2d(out, x, {{2, 2}, {2, 2}, {2, 2}}), Error);
  Owned<float> small({1, 1, 2, 2}), window({1, 1, 1, 1});
  EXPECT_THROW(cpu::avg_pool2d(window, small, {{3, 3}, {1, 1}}), Error);
}

}  // namespace
}  // namespace gg::cpu_test
