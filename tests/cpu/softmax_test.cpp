#include "cpu/softmax.h"

#include <gtest/gtest.h>

#include "tests/cpu/arrays.h"

namespace gg::cpu_test {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

// log Σ exp of a row, in long double.
template <class T>
long double lse_of(Owned<T>& x, int64_t row, int64_t n) {
  long double m = -kInf, s = 0;
  for (int64_t j = 0; j < n; ++j) m = std::max<long double>(m, x.at(row * n + j));
  for (int64_t j = 0; j < n; ++j) s += std::exp(static_cast<long double>(x.at(row * n + j)) - m);
  return m + std::log(s);
}

template <class T>
class SoftmaxTest : public testing::Test {
 protected:
  static constexpr double kTolerance = std::is_same_v<T, float> ? 3e-6 : 1e-13;
};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(SoftmaxTest, Types);

// Rows whose elements lie apart go column by column; results are those of contiguous rows.
TYPED_TEST(SoftmaxTest, ColumnsAgreeWithRows) {
  using T = TypeParam;
  const double tolerance = this->kTolerance;
  struct Case {
    Shape shape;
    std::vector<int> order;
    int64_t gap;
  };
  for (const Case& c :
       {Case{{8, 2}, {1, 0}, 0}, Case{{37, 15}, {1, 0}, 0}, Case{{37, 16}, {1, 0}, 3}, Case{{520, 33}, {1, 0}, 0},
        Case{{9, 4000}, {1, 0}, 0}, Case{{600, 1000}, {1, 0}, 2}, Case{{3, 50, 21}, {0, 2, 1}, 0},
        Case{{3, 50, 21}, {2, 0, 1}, 0}, Case{{12, 3, 40}, {1, 2, 0}, 0}}) {
    const Shape& shape = c.shape;
    const int64_t n = shape[shape.rank() - 1], rows = shape.numel() / n;
    const Shape one = shape.part(0, shape.rank() - 1);
    Owned<T> x(shape, c.order, c.gap), g(shape, c.order), y(shape, c.order), d(shape, c.order, c.gap), z(one);
    Owned<T> xr(shape), gr(shape), yr(shape), dr(shape), zr(one);
    x.randomize(1, -20, 20);
    g.randomize(2);
    for (int64_t i = 0; i < x.numel(); ++i) xr.at(i) = x.at(i), gr.at(i) = g.at(i);
    if (rows >= 12) {  // rows of specials
      const T inf = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
      for (auto [row, value] : {std::pair<int64_t, T>{3, inf}, {5, nan}, {7, -inf}, {9, nan}}) {
        for (int64_t j = row == 7 ? 0 : n - 1; j < n; ++j) x.at(row * n + j) = xr.at(row * n + j) = value;
      }
      x.at(9 * n) = xr.at(9 * n) = inf;
      x.at(11 * n) = xr.at(11 * n) = -inf;
      for (int64_t j = 0; j < n / 2; ++j) x.at(10 * n + j) = xr.at(10 * n + j) = -inf;
    }
    auto expect_same = [&](Owned<T>& a, Owned<T>& b, double scale, const char* what) {
      for (int64_t i = 0; i < a.numel(); ++i) {
        if (std::isnan(b.at(i)) || std::isinf(b.at(i))) {
          ASSERT_TRUE(std::isnan(b.at(i)) ? std::isnan(a.at(i)) : a.at(i) == b.at(i))
              << what << " " << to_string(shape) << " at " << i;
        } else {
          ASSERT_NEAR(a.at(i), b.at(i), tolerance * scale) << what << " " << to_string(shape) << " at " << i;
        }
      }
    };
    cpu::softmax_forward(y, x);
    cpu::softmax_forward(yr, xr);
    expect_same(y, yr, 1, "softmax");
    cpu::softmax_backward(d, g, y);
    cpu::softmax_backward(dr, gr, yr);
    expect_same(d, dr, 3, "softmax backward");
    cpu::log_softmax_forward(y, x);
    cpu::log_softmax_forward(yr, xr);
    expect_same(y, yr, 20, "log_softmax");
    cpu::log_softmax_backward(d, g, y);
    cpu::log_softmax_backward(dr, gr, yr);
    expect_same(d, dr, 100, "log_softmax backward");
    cpu::logsumexp(z, x);
    cpu::logsumexp(zr, xr);
    expect_same(z, zr, 20, "logsumexp");
    EXPECT_TRUE(same_for_any_threads([&] {
      Owned<T> out(shape, c.order);
      cpu::softmax_forward(out, x);
      return out.bytes;
    }));
    cpu::softmax_forward(y, x);
    cpu::softmax_forward(x, x);  // in place
    if (c.gap == 0) {
      EXPECT_EQ(x.bytes, y.bytes);
    }
  }
}

TYPED_TEST(SoftmaxTest, ForwardAndBackwardAgainstLongDouble) {
  using T = TypeParam;
  double tolerance = this->kTolerance;
  for (int64_t n : {1, 2, 10, 16, 63, 64, 65, 130, 1000}) {
    for (auto& order : {std::vector<int>{0, 1, 2}, std::vector<int>{2, 0, 1}}) {
      Shape shape{3, 7, n};
      Owned<T> x(shape, order, 2), y(shape, order), l(shape), g(shape, order), d(shape), dl(shape, order), z({3, 7});
      x.randomize(1, -20, 20);
      g.randomize(2);
      cpu::softmax_forward(y, x);
      cpu::log_softmax_forward(l, x);
      cpu::softmax_backward(d, g, y);
      cpu::log_softmax_backward(dl, g, l);
      cpu::logsumexp(z, x);
      for (int64_t row = 0; row < 21; ++row) {
        long double lse = lse_of(x, row, n), dot = 0, sum = 0;
        auto p = [&](int64_t j) { return std::exp(static_cast<long double>(x.at(row * n + j)) - lse); };
        for (int64_t j = 0; j < n; ++j) {
          dot += g.at(row * n + j) * p(j);
          sum += g.at(row * n + j);
        }
        ASSERT_NEAR(z.at(row), lse, tolerance * 20);
        for (int64_t j = 0; j < n; ++j) {
          int64_t i = row * n + j;
          ASSERT_NEAR(y.at(i) / p(j), 1, tolerance) << n;
          ASSERT_NEAR(l.at(i), x.at(i) - lse, tolerance * 20);
          ASSERT_NEAR(d.at(i), p(j) * (g.at(i) - dot), tolerance);
          ASSERT_NEAR(dl.at(i), g.at(i) - p(j) * sum, tolerance * 40);
        }
      }
    }
  }
}

TYPED_TEST(SoftmaxTest, SpecialRows) {
  using T = TypeParam;
  T inf = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
  T big = std::numeric_limits<T>::max();
  Owned<T> x({6, 3}), y({6, 3}), l({6, 3}), z({6});
  T rows[6][3] = {{nan, 0, 1}, {inf, 0, 1}, {-inf, -inf, -inf}, {-inf, 0, 0}, {big, big, -big}, {1000, 0, -1000}};
  for (int64_t i = 0; i < 18; ++i) x.at(i) = rows[i / 3][i % 3];
  cpu::softmax_forward(y, x);
  cpu::log_softmax_forward(l, x);
  cpu::logsumexp(z, x);
  for (int64_t i = 0; i < 9; ++i) EXPECT_TRUE(std::isnan(y.at(i))) << i;
  EXPECT_EQ(std::vector<T>({y.at(9), y.at(10), y.at(11)}), (std::vector<T>{0, 0.5, 0.5}));
  EXPECT_EQ(std::vector<T>({y.at(12), y.at(13), y.at(14)}), (std::vector<T>{0.5, 0.5, 0}));
  EXPECT_EQ(std::vector<T>({y.at(15), y.at(16), y.at(17)}), (std::vector<T>{1, 0, 0}));
  EXPECT_EQ(l.at(9), -inf);
  EXPECT_EQ(l.at(17), T(-2000));
  EXPECT_TRUE(std::isnan(z.at(0)));
  EXPECT_EQ(z.at(1), inf);
  EXPECT_EQ(z.at(2), -inf);
  EXPECT_EQ(z.at(5), T(1000));
}

TYPED_TEST(SoftmaxTest, CrossEntropyAgainstLongDouble) {
  using T = TypeParam;
  double tolerance = this->kTolerance;
  for (int64_t n : {1, 10, 100}) {
    for (double s : {0.0, 0.1, 1.0}) {
      for (auto& order : {std::vector<int>{0, 1}, std::vector<int>{1, 0}}) {
        Owned<T> x({20, n}, order, 1), loss({20}), lse({20}), g({20}), dx({20, n}, order);
        Owned<int64_t> target({20});
        x.randomize(1, -10, 10);
        g.randomize(2);
        target.randomize(3, 0, static_cast<double>(n));
        target.at(4) = -7;
        SoftmaxCrossEntropyOptions p{s, -7};
        cpu::cross_entropy_forward(loss, lse, x, target, p);
        cpu::cross_entropy_backward(dx, g, x, lse, target, p);
        for (int64_t i = 0; i < 20; ++i) {
          long double z = lse_of(x, i, n), expected = 0;
          bool ignored = i == 4;
          for (int64_t j = 0; j < n; ++j) {
            long double q = s / static_cast<long double>(n) + (j == target.at(i) ? 1 - s : 0);
            long double l = static_cast<long double>(x.at(i * n + j)) - z;
            expected -= q * l;
            ASSERT_NEAR(dx.at(i * n + j), ignored ? 0 : g.at(i) * (std::exp(l) - q), tolerance * 10);
          }
          ASSERT_NEAR(loss.at(i), ignored ? 0 : expected, tolerance * 20);
        }
      }
    }
  }
}

TEST(CrossEntropy, WrongTargetsAreNamed) {
  Owned<float> x({3, 4}), loss({3}), lse({3});
  Owned<int64_t> target({3});
  x.randomize(1);
  for (int64_t bad : {4, -1}) {
    for (int64_t i = 0; i < 3; ++i) target.at(i) = i == 2 ? bad : 0;
    try {
      cpu::cross_entropy_forward(loss, lse, x, target, {});
      FAIL() << "expected an error";
    } catch (const Error& e) {
      EXPECT_EQ(std::string(e.what()),
                str("cross_entropy: target ", bad,
                    " of row 2 is not a class: expected 0 to 3, or ignore_index, which is -100"));
    }
  }
}

TEST(Softmax, SameBitsForAnyNumberOfThreads) {
  Owned<float> x({3000, 100});
  x.randomize(1);
  EXPECT_TRUE(same_for_any_threads([&] {
    Owned<float> y({3000, 100});
    cpu::softmax_forward(y, x);
    return y.bytes;
  }));
}

TEST(Softmax, EmptyAndWrongShapes) {
  Owned<float> x({0, 5}), y({0, 5}), z({0}), none({5, 0}), sums({5});
  cpu::softmax_forward(y, x);
  cpu::logsumexp(z, x);
  cpu::softmax_forward(none, none);
  cpu::logsumexp(sums, none);
  EXPECT_EQ(sums.at(3), -std::numeric_limits<float>::infinity());
  EXPECT_THROW(cpu::softmax_forward(none, x), Error);
  EXPECT_THROW(cpu::logsumexp(x, x), Error);
}

}  // namespace
}  // namespace gg::cpu_test
