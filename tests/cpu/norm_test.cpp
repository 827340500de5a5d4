#include "cpu/norm.h"

#include <gtest/gtest.h>

#include "tests/cpu/arrays.h"

namespace gg::cpu_test {
namespace {

template <class T>
class NormTest : public testing::Test {
 protected:
  static constexpr double kTolerance = std::is_same_v<T, float> ? 2e-5 : 1e-12;

  // Mean, deviation and gradients of one group of elements, in long double.
  struct Group {
    std::vector<long double> x, g, w;
    long double mean = 0, var = 0, rstd = 0;
    std::vector<long double> dx;
    void solve(long double eps, bool centred = true) {
      auto n = static_cast<long double>(x.size());
      for (auto v : x) mean += centred ? v / n : 0;
      for (auto v : x) var += (v - mean) * (v - mean) / n;
      rstd = 1 / std::sqrt(var + eps);
      long double h = 0, hu = 0;
      for (size_t i = 0; i < x.size(); ++i) {
        h += centred ? g[i] * w[i] / n : 0;
        hu += g[i] * w[i] * (x[i] - mean) * rstd / n;
      }
      for (size_t i = 0; i < x.size(); ++i) dx.push_back(rstd * (g[i] * w[i] - h - (x[i] - mean) * rstd * hu));
    }
  };

  void layer(int64_t rows, int64_t n, std::vector<int> order, double offset) {
    for (bool centred : {true, false}) rows_of(rows, n, order, offset, centred);
  }

  void rows_of(int64_t rows, int64_t n, std::vector<int> order, double offset, bool centred) {
    Owned<T> x({rows, n}, order, 1), out({rows, n}, order), g({rows, n}, order), dx({rows, n}, order), w({n}), b({n});
    Owned<T> mean({rows}), rstd({rows}), dw({n}), db({n});
    x.randomize(1, offset - 2, offset + 2);
    g.randomize(2);
    w.randomize(3);
    b.randomize(4);
    double eps = 1e-5, slack = kTolerance * (1 + offset);
    cpu::layer_norm_forward(out, mean, rstd, x, w, b, eps, centred);
    cpu::layer_norm_backward(dx, dw, db, g, x, mean, rstd, w, centred);
    std::vector<long double> sum_w(n, 0), sum_b(n, 0);
    for (int64_t r = 0; r < rows; ++r) {
      Group e;
      for (int64_t i = 0; i < n; ++i) {
        e.x.push_back(x.at(r * n + i));
        e.g.push_back(g.at(r * n + i));
        e.w.push_back(w.at(i));
      }
      e.solve(eps, centred);
      ASSERT_NEAR(mean.at(r), e.mean, slack);
      ASSERT_NEAR(rstd.at(r) / e.rstd, 1, slack);
      for (int64_t i = 0; i < n; ++i) {
        long double u = (e.x[i] - e.mean) * e.rstd;
        ASSERT_NEAR(out.at(r * n + i), u * e.w[i] + b.at(i), slack * e.rstd);
        ASSERT_NEAR(dx.at(r * n + i), e.dx[i], slack * e.rstd * 4);
        sum_w[i] += e.g[i] * u;
        sum_b[i] += e.g[i];
      }
    }
    for (int64_t i = 0; i < n; ++i) {
      ASSERT_NEAR(dw.at(i), sum_w[i], slack * 10);
      ASSERT_NEAR(db.at(i), sum_b[i], slack);
    }
  }

  // ⟨v, dx⟩ of one row, and its derivatives by central differences of it.
  struct Twice {
    std::vector<long double> v, g, x, w;
    long double eps;
    bool centred;
    long double operator()() const {
      Group e;
      e.x = x;
      e.g = g;
      e.w = w;
      e.solve(eps, centred);
      long double total = 0;
      for (size_t i = 0; i < x.size(); ++i) total += v[i] * e.dx[i];
      return total;
    }
    long double derivative(std::vector<long double> Twice::*input, size_t i) {
      const long double step = 1e-4L, at = (this->*input)[i];
      auto moved = [&](long double by) {
        (this->*input)[i] = at + by;
        return (*this)();
      };
      const long double near = moved(step) - moved(-step), far = moved(2 * step) - moved(-2 * step);
      (this->*input)[i] = at;
      return (8 * near - far) / (12 * step);
    }
  };

  void layer_twice(int64_t rows, int64_t n, std::vector<int> order, bool centred) {
    SCOPED_TRACE(::testing::Message() << rows << " rows of " << n << (centred ? "" : ", RMS"));
    Owned<T> x({rows, n}, order), v({rows, n}, order), g({rows, n}), dg({rows, n}, order), dx({rows, n}), w({n});
    Owned<T> out({rows, n}), mean({rows}), rstd({rows}), dw({n});
    x.randomize(1, -1, 3);
    g.randomize(2);
    v.randomize(3);
    w.randomize(4);
    const double eps = 0.1, slack = kTolerance * 10;
    cpu::layer_norm_forward(out, mean, rstd, x, w, w, eps, centred);
    cpu::layer_norm_double_backward(dg, dx, dw, v, g, x, mean, rstd, w, centred);
    std::vector<long double> sum_w(n, 0);
    for (int64_t r = 0; r < rows; ++r) {
      Twice f{{}, {}, {}, {}, eps, centred};
      for (int64_t i = 0; i < n; ++i) {
        f.v.push_back(v.at(r * n + i));
        f.g.push_back(g.at(r * n + i));
        f.x.push_back(x.at(r * n + i));
        f.w.push_back(w.at(i));
      }
      for (int64_t i = 0; i < n; ++i) {
        ASSERT_NEAR(dg.at(r * n + i), f.derivative(&Twice::g, i), slack);
        ASSERT_NEAR(dx.at(r * n + i), f.derivative(&Twice::x, i), slack);
        sum_w[i] += f.derivative(&Twice::w, i);
      }
    }
    for (int64_t i = 0; i < n; ++i) ASSERT_NEAR(dw.at(i), sum_w[i], slack * static_cast<double>(rows));
    // The same where that in w is not wanted.
    Owned<T> alone({rows, n}, order), other({rows, n});
    const Array none{nullptr, Array(w).dtype, {n}, {}};
    cpu::layer_norm_double_backward(alone, other, none, v, g, x, mean, rstd, w, centred);
    for (int64_t i = 0; i < rows * n; ++i) {
      ASSERT_EQ(alone.at(i), dg.at(i));
      ASSERT_EQ(other.at(i), dx.at(i));
    }
  }

  void batch(const Shape& shape, std::vector<int> order, std::vector<int> other_order, double offset) {
    Owned<T> x(shape, order), out(shape, other_order), g(shape, other_order), dx(shape, order);
    int64_t channels = shape[1], inner = 1;
    for (int i = 2; i < shape.rank(); ++i) inner *= shape[i];
    Owned<T> mean({channels}), var({channels}), w({channels}), b({channels}), dw({channels}), db({channels});
    x.randomize(1, offset - 2, offset + 2);
    g.randomize(2);
    w.randomize(3);
    b.randomize(4);
    double eps = 1e-5, slack = kTolerance * (1 + offset);
    cpu::batch_norm_statistics(mean, var, x);
    cpu::batch_norm_forward(out, x, mean, var, w, b, eps);
    cpu::batch_norm_backward(dx, dw, db, g, x, mean, var, w, eps);
    for (int64_t c = 0; c < channels; ++c) {
      Group e;
      std::vector<int64_t> place;
      for (int64_t n = 0; n < shape[0]; ++n) {
        for (int64_t i = 0; i < inner; ++i) place.push_back((n * channels + c) * inner + i);
      }
      for (int64_t p : place) {
        e.x.push_back(x.at(p));
        e.g.push_back(g.at(p));
        e.w.push_back(w.at(c));
      }
      e.solve(eps);
      ASSERT_NEAR(mean.at(c), e.mean, slack) << to_string(shape);
      ASSERT_NEAR(var.at(c), e.var, slack);
      long double sum_w = 0, sum_b = 0;
      for (size_t i = 0; i < place.size(); ++i) {
        long double u = (e.x[i] - e.mean) * e.rstd;
        ASSERT_NEAR(out.at(place[i]), u * e.w[i] + b.at(c), slack * e.rstd) << to_string(shape);
        ASSERT_NEAR(dx.at(place[i]), e.dx[i], slack * e.rstd * 4) << to_string(shape);
        sum_w += e.g[i] * u;
        sum_b += e.g[i];
      }
      ASSERT_NEAR(dw.at(c), sum_w, slack * 20);
      ASSERT_NEAR(db.at(c), sum_b, slack * 10);
    }
  }
};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(NormTest, Types);

TYPED_TEST(NormTest, LayerNormAgainstLongDouble) {
  for (auto& order : {std::vector<int>{0, 1}, std::vector<int>{1, 0}}) {
    for (double offset : {0.0, 1000.0}) {  // a large mean must cost no digits beyond those of the inputs
      this->layer(5, 3, order, offset);
      this->layer(1, 64, order, offset);
      this->layer(300, 70, order, offset);
      this->layer(20, 1000, order, offset);
    }
  }
}

TYPED_TEST(NormTest, TheDerivativeOfLayerNormsGradientAgainstDifferences) {
  for (auto& order : {std::vector<int>{0, 1}, std::vector<int>{1, 0}}) {
    for (bool centred : {true, false}) {
      for (int64_t n : {1, 2, 7, 16, 33, 150}) this->layer_twice(3, n, order, centred);
      this->layer_twice(40, 5, order, centred);
    }
  }
}

TYPED_TEST(NormTest, BatchNormAgainstLongDouble) {
  std::vector<std::vector<int>> four = {{0, 1, 2, 3}, {0, 2, 3, 1}, {3, 1, 0, 2}};
  for (double offset : {0.0, 1000.0}) {
    this->batch({50, 7}, {0, 1}, {0, 1}, offset);
    this->batch({50, 7}, {1, 0}, {0, 1}, offset);
    this->batch({4, 3, 300}, {0, 1, 2}, {0, 2, 1}, offset);
    this->batch({64, 1, 5, 5}, four[0], four[1], offset);
    this->batch({2, 200, 1, 1}, four[0], four[1], offset);
    for (auto& order : four) {
      for (auto& other : four) {
        this->batch({3, 5, 4, 6}, order, other, offset);
        this->batch({20, 33, 7, 7}, order, other, offset);
      }
    }
  }
}

TEST(Norm, SameBitsForAnyNumberOfThreads) {
  Owned<float> x({3000, 100}), g({3000, 100}), w({100});
  x.randomize(1);
  g.randomize(2);
  w.randomize(3);
  EXPECT_TRUE(same_for_any_threads([&] {
    Owned<float> out({3000, 100}), mean({3000}), rstd({3000}), dw({100}), db({100});
    cpu::layer_norm_forward(out, mean, rstd, x, w, w, 1e-5);
    cpu::layer_norm_backward(out, dw, db, g, x, mean, rstd, w);
    return dw.bytes;
  }));
  EXPECT_TRUE(same_for_any_threads([&] {
    Owned<float> out({3000, 100}), mean({3000}), rstd({3000}), dg({3000, 100}), dw({100});
    cpu::layer_norm_forward(out, mean, rstd, x, w, w, 1e-5);
    cpu::layer_norm_double_backward(dg, out, dw, g, g, x, mean, rstd, w);
    return dw.bytes;
  }));
  for (auto& order : {std::vector<int>{0, 1, 2}, std::vector<int>{0, 2, 1}}) {
    Owned<float> image({60, 50, 100}, order);
    image.randomize(4);
    EXPECT_TRUE(same_for_any_threads([&] {
      Owned<float> mean({50}), var({50});
      cpu::batch_norm_statistics(mean, var, image);
      return var.bytes;
    }));
  }
}

TEST(Norm, NanStaysInItsRowOrChannel) {
  Owned<float> x({4, 8}), out({4, 8}), mean({4}), rstd({4}), w({8}), m({8}), v({8});
  x.randomize(1);
  w.randomize(2);
  x.at(10) = std::nanf("");
  cpu::layer_norm_forward(out, mean, rstd, x, w, w, 1e-5);
  for (int64_t i = 0; i < 32; ++i) EXPECT_EQ(std::isnan(out.at(i)), i / 8 == 1);
  cpu::batch_norm_statistics(m, v, x);
  cpu::batch_norm_forward(out, x, m, v, w, w, 1e-5);
  for (int64_t i = 0; i < 32; ++i) EXPECT_EQ(std::isnan(out.at(i)), i % 8 == 2);
}

TEST(Norm, EmptyAndWrongShapes) {
  Owned<float> x({0, 5}), out({0, 5}), none({0}), v({5}), bad({4});
  v.randomize(1);
  cpu::layer_norm_forward(out, none, none, x, v, v, 1e-5);
  cpu::layer_norm_double_backward(out, out, v, x, x, x, none, none, v);
  for (int64_t i = 0; i < 5; ++i) EXPECT_EQ(v.at(i), 0);  // a sum of no rows
  cpu::batch_norm_statistics(v, v, x);
  EXPECT_THROW(cpu::layer_norm_double_backward(out, out, bad, x, x, x, none, none, v), Error);
  EXPECT_THROW(cpu::layer_norm_forward(out, none, none, x, bad, v, 1e-5), Error);
  EXPECT_THROW(cpu::batch_norm_statistics(bad, v, x), Error);
}

}  // namespace
}  // namespace gg::cpu_test
