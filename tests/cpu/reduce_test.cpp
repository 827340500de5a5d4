#include "cpu/reduce.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/cpu/arrays.h"

namespace gg::cpu_test {
namespace {

// Position in `small`, which has size 1 where axes are reduced, of the row-major position `flat` of `shape`.
int64_t reduced_position(int64_t flat, const Shape& shape, const Shape& small) {
  int64_t at = 0, scale = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    int64_t index = flat % shape[i];
    flat /= shape[i];
    if (small[i] != 1) at += index * scale;
    scale *= small[i];
  }
  return at;
}

template <class T>
void check_sum(const Shape& shape, const Shape& out_shape, std::vector<int> order, int64_t gap) {
  Owned<T> x(shape, order, gap), out(out_shape);
  x.randomize(7, -100, 100);
  cpu::sum(out, x);
  std::vector<long double> expected(out.numel(), 0), size(out.numel(), 0);
  for (int64_t i = 0; i < x.numel(); ++i) {
    int64_t at = reduced_position(i, shape, out_shape);
    expected[at] += x.at(i);
    size[at] += std::abs(static_cast<long double>(x.at(i)));
  }
  for (int64_t i = 0; i < out.numel(); ++i) {
    long double tolerance = std::is_integral_v<T> ? 0 : 8 * std::numeric_limits<T>::epsilon() * size[i];
    ASSERT_NEAR(static_cast<double>(out.at(i)), static_cast<double>(expected[i]), static_cast<double>(tolerance))
        << to_string(shape) << " to " << to_string(out_shape) << " at " << i;
  }
}

template <class T>
void check_var(const Shape& shape, const Shape& out_shape, std::vector<int> order, int64_t gap, double mean = 0) {
  Owned<T> x(shape, order, gap), out(out_shape);
  x.randomize(7, -1, 1);
  for (int64_t i = 0; i < x.numel(); ++i) x.at(i) += static_cast<T>(mean);
  cpu::var(out, x, 3.5);
  std::vector<long double> centre(out.numel(), 0), expected(out.numel(), 0);
  const long double each = static_cast<long double>(x.numel()) / static_cast<long double>(out.numel());
  for (int64_t i = 0; i < x.numel(); ++i) centre[reduced_position(i, shape, out_shape)] += x.at(i) / each;
  for (int64_t i = 0; i < x.numel(); ++i) {
    const int64_t at = reduced_position(i, shape, out_shape);
    expected[at] += (x.at(i) - centre[at]) * (x.at(i) - centre[at]) / 3.5L;
  }
  for (int64_t i = 0; i < out.numel(); ++i) {
    // Means are kept in double.
    const long double tolerance = (16 * std::numeric_limits<T>::epsilon() + 1e-16L * std::abs(mean)) * expected[i];
    ASSERT_NEAR(static_cast<double>(out.at(i)), static_cast<double>(expected[i]), static_cast<double>(tolerance))
        << to_string(shape) << " to " << to_string(out_shape) << " at " << i;
  }
}

TEST(Var, AnyAxesOfAnyLayout) {
  for (const std::vector<int>& order : {std::vector<int>{0, 1, 2, 3}, {0, 2, 3, 1}, {3, 1, 0, 2}}) {
    const Shape shape{4, 6, 35, 7};
    for (int mask = 0; mask < 16; ++mask) {
      Shape out = shape;
      for (int i = 0; i < 4; ++i) {
        if (mask >> i & 1) out[i] = 1;
      }
      for (int64_t gap : {0, 2}) {
        check_var<float>(shape, out, order, gap);
        check_var<double>(shape, out, order, gap);
      }
    }
  }
}

TEST(Var, ManyElementsAndALargeMean) {
  for (Shape out : {Shape{1, 1}, Shape{3, 1}}) check_var<float>({3, 200001}, out, {}, 0, 512);
  for (Shape out : {Shape{1, 3}, Shape{100003, 1}}) check_var<float>({100003, 3}, out, {}, 0, 512);
  check_var<float>({300, 700}, {1, 700}, {}, 0, 512);
  check_var<float>({300, 700}, {300, 1}, {1, 0}, 0, 512);
  check_var<double>({50, 40, 30, 20}, {1, 40, 1, 1}, {0, 2, 3, 1}, 0, 1e6);
}

TEST(Var, EqualNumbersHaveNone) {
  Owned<float> x({5000}), out({1});
  for (int64_t i = 0; i < x.numel(); ++i) x.at(i) = 0.1f;
  cpu::var(out, x, 1);
  EXPECT_GE(out.at(0), 0);
  EXPECT_LT(out.at(0), 1e-10);
}

TEST(Sum, AnyAxesOfAnyLayout) {
  struct Case {
    Shape shape;
    std::vector<std::vector<int>> orders;
  };
  std::vector<Case> cases = {{{1}, {{0}}},
                             {{1000}, {{0}}},
                             {{7, 13}, {{0, 1}, {1, 0}}},
                             {{700, 90}, {{0, 1}, {1, 0}}},
                             {{3, 2000, 5}, {{0, 1, 2}, {2, 1, 0}, {1, 2, 0}}},
                             {{4, 6, 5, 7}, {{0, 1, 2, 3}, {0, 2, 3, 1}, {3, 1, 0, 2}}}};
  for (auto& c : cases) {
    for (auto& order : c.orders) {
      for (int mask = 0; mask < 1 << c.shape.rank(); ++mask) {
        Shape out = c.shape;
        for (int i = 0; i < c.shape.rank(); ++i) {
          if (mask >> i & 1) out[i] = 1;
        }
        for (int64_t gap : {0, 2}) {
          check_sum<float>(c.shape, out, order, gap);
          check_sum<double>(c.shape, out, order, gap);
          check_sum<int64_t>(c.shape, out, order, gap);
        }
      }
    }
  }
}

TEST(Sum, LongSums) {
  for (Shape out : {Shape{1, 1}, Shape{3, 1}}) check_sum<float>({3, 300001}, out, {}, 0);
  check_sum<float>({200003, 3}, {1, 3}, {}, 0);
  check_sum<float>({70000, 30}, {1, 30}, {}, 0);
  check_sum<float>({300, 700}, {1, 700}, {}, 0);
  check_sum<double>({50, 40, 30, 20}, {1, 40, 1, 1}, {0, 2, 3, 1}, 0);  // a bias gradient, channels last
  check_sum<double>({50, 40, 30, 20}, {1, 40, 1, 1}, {}, 0);
}

TEST(Sum, FloatSumsAreExactToTheLastBits) {
  // A million equal numbers that have no exact float sum: adding them one by one loses four digits.
  Owned<float> x({1 << 20}), out({1});
  for (int64_t i = 0; i < x.numel(); ++i) x.at(i) = 0.1f;
  cpu::sum(out, x);
  EXPECT_NEAR(out.at(0), 0.1f * 1048576.0, 0.02);
  Owned<float> tall({1 << 18, 2}), two({1, 2});
  for (int64_t i = 0; i < tall.numel(); ++i) tall.at(i) = 0.1f;
  cpu::sum(two, tall);
  EXPECT_NEAR(two.at(1), 0.1f * 262144.0, 0.01);
}

TEST(Sum, BroadcastInput) {
  Owned<float> x({5}), out({1, 5});
  x.randomize(1);
  Array wide = x;
  wide.shape = {1000, 5};
  wide.strides = {0, 1};
  cpu::sum(out, wide);
  for (int64_t i = 0; i < 5; ++i) EXPECT_NEAR(out.at(i), 1000 * x.at(i), 1e-3);
  Owned<float> one({1, 1});
  wide.strides = {0, 0};
  cpu::sum(one, wide);
  EXPECT_NEAR(one.at(0), 5000 * x.at(0), 1e-2);
}

TEST(Sum, CountsBools) {
  Owned<bool> x({100, 30});
  x.randomize(1, 0, 2);
  for (int64_t i = 0; i < x.numel(); ++i) x.at(i) = i % 7 == 0;
  Owned<int64_t> out({1, 1});
  cpu::sum(out, x);
  EXPECT_EQ(out.at(0), 429);
}

TEST(Sum, EmptySumsAreZero) {
  Owned<float> x({0, 3}), out({1, 3}), none({0, 1});
  cpu::sum(out, x);
  EXPECT_EQ(out.values(), (std::vector<float>{0, 0, 0}));
  cpu::sum(none, x);
}

TEST(Sum, NanAndInfinityPass) {
  Owned<float> x({2, 100}), out({2, 1});
  x.randomize(1);
  x.at(7) = std::nanf("");
  x.at(150) = std::numeric_limits<float>::infinity();
  cpu::sum(out, x);
  EXPECT_TRUE(std::isnan(out.at(0)));
  EXPECT_EQ(out.at(1), std::numeric_limits<float>::infinity());
}

TEST(Sum, SameBitsForAnyNumberOfThreads) {
  for (auto [shape, out_shape] : std::vector<std::pair<Shape, Shape>>{
           {{400, 1000}, {1, 1}}, {{400, 1000}, {400, 1}}, {{100000, 7}, {1, 7}}, {{20, 30, 400}, {1, 30, 1}}}) {
    Owned<float> x(shape);
    x.randomize(3);
    bool same = same_for_any_threads([&, s = out_shape] {
      Owned<float> out(s);
      cpu::sum(out, x);
      return out.bytes;
    });
    same &= same_for_any_threads([&, s = out_shape] {
      Owned<float> out(s);
      cpu::var(out, x, 1);
      return out.bytes;
    });
    EXPECT_TRUE(same) << to_string(shape);
  }
}

TEST(Sum, RefusesWrongShapesAndTypes) {
  Owned<float> x({2, 3}), bad({2, 2}), flat({2});
  Owned<double> other({2, 1});
  EXPECT_THROW(cpu::sum(bad, x), Error);
  EXPECT_THROW(cpu::sum(flat, x), Error);
  EXPECT_THROW(cpu::sum(other, x), Error);
}

template <class T>
void check_extremes(const Shape& shape, std::vector<int> order, bool with_nan) {
  for (int axis = 0; axis < shape.rank(); ++axis) {
    Owned<T> x(shape, order, 1);
    x.randomize(5, -20, 20);
    if constexpr (std::is_floating_point_v<T>) {
      for (int64_t i = 0; i < x.numel(); ++i) x.at(i) = std::round(x.at(i));  // ties
      if (with_nan) {
        for (int64_t i = 3; i < x.numel(); i += 37) x.at(i) = std::numeric_limits<T>::quiet_NaN();
      }
    }
    Shape small = shape;
    small[axis] = 1;
    Owned<T> high(small), low(small);
    Owned<int64_t> high_at(small), low_at(small);
    cpu::max(high, high_at, x, axis);
    cpu::min(low, low_at, x, axis);
    int64_t inner = 1, n = shape[axis];
    for (int i = axis + 1; i < shape.rank(); ++i) inner *= shape[i];
    for (int64_t o = 0; o < high.numel(); ++o) {
      int64_t base = o / inner * inner * n + o % inner, best = 0, worst = 0;
      auto value = [&](int64_t i) { return x.at(base + i * inner); };
      for (int64_t i = 1; i < n; ++i) {
        if (value(best) == value(best) && (value(i) > value(best) || value(i) != value(i))) best = i;
        if (value(worst) == value(worst) && (value(i) < value(worst) || value(i) != value(i))) worst = i;
      }
      ASSERT_EQ(high_at.at(o), best) << to_string(shape) << " axis " << axis;
      ASSERT_EQ(low_at.at(o), worst) << to_string(shape) << " axis " << axis;
      ASSERT_TRUE(high.at(o) == value(best) || value(best) != value(best));
      ASSERT_EQ(high.at(o) != high.at(o), value(best) != value(best));
      ASSERT_TRUE(low.at(o) == value(worst) || value(worst) != value(worst));
    }
  }
}

TEST(Extremes, FirstPlaceAlongAnyAxis) {
  for (bool nan : {false, true}) {
    check_extremes<float>({10}, {0}, nan);
    check_extremes<float>({128, 10}, {0, 1}, nan);
    check_extremes<float>({30, 100}, {1, 0}, nan);
    check_extremes<double>({5, 67, 9}, {0, 1, 2}, nan);
    check_extremes<double>({5, 67, 9}, {2, 0, 1}, nan);
    check_extremes<float>({3, 200, 130}, {0, 1, 2}, nan);
    check_extremes<int64_t>({3, 20, 130}, {0, 1, 2}, nan);
  }
}

TEST(Extremes, AllInfinite) {
  Owned<float> x({100}), v({1});
  Owned<int64_t> at({1});
  for (int64_t i = 0; i < 100; ++i) x.at(i) = -std::numeric_limits<float>::infinity();
  cpu::max(v, at, x, 0);
  EXPECT_EQ(at.at(0), 0);
  EXPECT_EQ(v.at(0), -std::numeric_limits<float>::infinity());
}

TEST(Extremes, OutputsMayBeLeftOut) {
  Owned<float> x({4, 5}), v({4, 1});
  Owned<int64_t> at({4, 1});
  x.randomize(1);
  cpu::max(v, Array{}, x, -1);
  cpu::max(Array{}, at, x, -1);
  for (int64_t i = 0; i < 4; ++i) EXPECT_EQ(v.at(i), x.at(i * 5 + at.at(i)));
}

TEST(Extremes, EmptyAxisThrowsEmptyOutputDoesNot) {
  Owned<float> x({3, 0}), v({3, 1});
  Owned<int64_t> at({3, 1});
  EXPECT_THROW(cpu::max(v, at, x, 1), Error);
  Owned<float> v0({1, 0});
  Owned<int64_t> at0({1, 0});
  cpu::max(v0, at0, x, 0);
  EXPECT_THROW(cpu::max(v, at, x, 2), Error);
}

}  // namespace
}  // namespace gg::cpu_test
