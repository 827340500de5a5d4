// The elementary functions against the C library in long double, as the kernels of every instruction set run them.
#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

#include "core/deep_jet.h"
#include "cpu/elementwise_loops.h"
#include "ops/functors/activations.h"
#include "ops/functors/arithmetic.h"
#include "ops/functors/exponential.h"
#include "ops/functors/gamma.h"
#include "ops/functors/hyperbolic.h"
#include "ops/functors/powers.h"
#include "ops/functors/special.h"
#include "tests/numbers/isa_tables.h"
#include "tests/numbers/ulp.h"

namespace gg {
namespace {

using testing::for_each_isa;
using testing::ulps;

template <class S>
constexpr int kType = sizeof(S) == 4 ? 0 : 1;

// Numbers between low and high: evenly spread, spread over all exponents, and the special ones.
template <class S>
std::vector<S> samples(double low, double high, int n = 12000) {
  std::mt19937_64 rng(7);
  std::uniform_real_distribution<double> even(low, high);
  std::vector<S> x;
  for (int i = 0; i < n; ++i) x.push_back(static_cast<S>(even(rng)));
  while (static_cast<int>(x.size()) < 2 * n) {
    S v;
    uint64_t bits = rng();
    std::memcpy(&v, &bits, sizeof v);
    if (v >= low && v <= high) x.push_back(v);
    S small = static_cast<S>(std::ldexp(even(rng), -static_cast<int>(rng() % 60)));
    if (small >= low && small <= high) x.push_back(small);
  }
  using L = std::numeric_limits<S>;
  for (S v : {S(0), L::denorm_min(), L::min() / 2, L::min(), L::epsilon(), S(1), S(20), S(89), S(104), S(709), S(710),
              S(745), S(746), S(1e4), L::max(), L::infinity()}) {
    for (S s : {v, -v}) {
      if ((s >= low && s <= high) || std::isinf(v)) x.push_back(s);
    }
  }
  x.push_back(L::quiet_NaN());
  return x;
}

template <class F, class S, class Target>
std::vector<S> run(const std::vector<S>& x, const F& f = {}) {
  std::vector<S> y(x.size());
  const void* in[] = {x.data()};
  cpu::ElementwiseKernels<F, Target>::table.by_input[kType<S>][0](static_cast<int64_t>(x.size()), y.data(), in, &f);
  return y;
}

template <class F, class S>
void sweep(double low, double high, long double limit, long double (*oracle)(long double)) {
  std::vector<S> x = samples<S>(low, high);
  for_each_isa([&]<class Target>(Target) {
    std::vector<S> y = run<F, S, Target>(x);
    long double worst = 0;
    S where = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      long double e = ulps(y[i], oracle(x[i]));
      if (!(e <= worst)) worst = e, where = x[i];
    }
    EXPECT_LE(worst, limit) << F::name << " " << Target::name << " " << 8 * sizeof(S) << " bit, at " << where;
    ::testing::Test::RecordProperty(std::string(F::name) + std::to_string(8 * sizeof(S)) + Target::name,
                                    std::to_string(static_cast<double>(worst)));
  });
}

template <class F>
void sweep_both(double low, double high, long double limit, long double (*oracle)(long double)) {
  sweep<F, float>(low, high, limit, oracle);
  sweep<F, double>(low, high, limit, oracle);
}

// Errors by what f changes where x changes by an ulp, as tools/accuracy.h counts them: in ulps of max(|f|, |x·f'|,
// least).
template <class F, class S>
void sweep_conditioned(double low, double high, long double limit, long double (*oracle)(long double),
                       double least = 0) {
  const std::vector<S> x = samples<S>(low, high);
  std::vector<long double> want, spacing;
  for (S v : x) {
    want.push_back(oracle(v));
    const long double change = v * F{}.f(DeepJet<1>::variable(v, 0)).partial(1);
    const long double size = std::max<long double>(std::fabs(want.back()), least);
    spacing.push_back(testing::ulp_at<S>(std::isfinite(change) ? std::max(std::fabs(change), size) : size));
  }
  for_each_isa([&]<class Target>(Target) {
    const std::vector<S> y = run<F, S, Target>(x);
    long double worst = 0;
    S where = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const bool numbers = std::isfinite(y[i]) && std::isfinite(static_cast<S>(want[i]));
      const long double e = numbers ? std::fabs(y[i] - want[i]) / spacing[i] : ulps(y[i], want[i]);
      if (!(e <= worst)) worst = e, where = x[i];
    }
    EXPECT_LE(worst, limit) << F::name << " " << Target::name << " " << 8 * sizeof(S) << " bit, at " << where;
  });
}

template <class F>
void sweep_both_conditioned(double low, double high, long double limit, long double (*oracle)(long double),
                            double least = 0) {
  sweep_conditioned<F, float>(low, high, limit, oracle, least);
  sweep_conditioned<F, double>(low, high, limit, oracle, least);
}

constexpr double kInf = std::numeric_limits<double>::infinity();

TEST(ScalarMath, Exp) {
  sweep_both<Exp>(-kInf, kInf, 2, [](long double x) { return std::exp(x); });
}
TEST(ScalarMath, ExpWhereItIsUsed) {
  sweep_both<Exp>(-110, 90, 2, [](long double x) { return std::exp(x); });
}
TEST(ScalarMath, Expm1) {
  sweep_both<Expm1>(-kInf, kInf, 3, [](long double x) { return std::expm1(x); });
  sweep_both<Expm1>(-50, 90, 3, [](long double x) { return std::expm1(x); });
}
TEST(ScalarMath, Log) {
  sweep_both<Log>(0, kInf, 2, [](long double x) { return std::log(x); });
}
TEST(ScalarMath, LogNearOne) {
  sweep_both<Log>(0.25, 4, 2, [](long double x) { return std::log(x); });
}
TEST(ScalarMath, Log1p) {
  sweep_both<Log1p>(-1, kInf, 3, [](long double x) { return std::log1p(x); });
  sweep_both<Log1p>(-1, 3, 3, [](long double x) { return std::log1p(x); });
}
TEST(ScalarMath, Tanh) {
  sweep_both<Tanh>(-kInf, kInf, 4, [](long double x) { return std::tanh(x); });
  sweep_both<Tanh>(-20, 20, 4, [](long double x) { return std::tanh(x); });
}
TEST(ScalarMath, Sigmoid) {
  auto sigmoid = [](long double x) { return 1 / (1 + std::exp(-x)); };
  sweep_both<Sigmoid>(-kInf, kInf, 2.5L, sigmoid);
  sweep_both<Sigmoid>(-20, 20, 2.5L, sigmoid);
  sweep_both<Sigmoid>(-110, 90, 2.5L, sigmoid);
  sweep<Sigmoid, float>(-104.5, -87, 1.5L, sigmoid);  // subnormal results
  sweep<Sigmoid, double>(-746, -708, 1.5L, sigmoid);
}
TEST(ScalarMath, Sin) {
  sweep_both<Sin>(-10, 10, 2, [](long double x) { return std::sin(x); });
  sweep_both<Sin>(-1e5, 1e5, 3, [](long double x) { return std::sin(x); });
}
TEST(ScalarMath, Cos) {
  sweep_both<Cos>(-10, 10, 2, [](long double x) { return std::cos(x); });
  sweep_both<Cos>(-1e5, 1e5, 3, [](long double x) { return std::cos(x); });
}
TEST(ScalarMath, SineOfHugeNumbersStaysBounded) {
  for_each_isa([]<class Target>(Target) {
    for (double x : {1e7, 1e12, 1e30, 3e38}) {
      float y = run<Sin, float, Target>({static_cast<float>(x)})[0];
      double z = run<Cos, double, Target>({-x * 1e200})[0];
      EXPECT_TRUE(std::fabs(y) <= 1 && std::fabs(z) <= 1) << x;
    }
  });
}
TEST(ScalarMath, Erf) {
  sweep_both<Erf>(-kInf, kInf, 4, [](long double x) { return std::erf(x); });
  sweep_both<Erf>(-7, 7, 4, [](long double x) { return std::erf(x); });
}
TEST(ScalarMath, InverseTrigonometric) {
  sweep_both<Asin>(-1, 1, 4, [](long double x) { return std::asin(x); });
  sweep_both<Acos>(-1, 1, 4, [](long double x) { return std::acos(x); });
  sweep_both<Atan>(-kInf, kInf, 4, [](long double x) { return std::atan(x); });
  sweep_both<Atan>(-4, 4, 4, [](long double x) { return std::atan(x); });
  sweep_both<Tan>(-10, 10, 6, [](long double x) { return std::tan(x); });
}
TEST(ScalarMath, Hyperbolic) {
  sweep_both<Sinh>(-kInf, kInf, 4, [](long double x) { return std::sinh(x); });
  sweep_both<Sinh>(-100, 100, 4, [](long double x) { return std::sinh(x); });
  sweep_both<Cosh>(-kInf, kInf, 4, [](long double x) { return std::cosh(x); });
  sweep_both<Cosh>(-100, 100, 4, [](long double x) { return std::cosh(x); });
  sweep_both<Asinh>(-kInf, kInf, 4, [](long double x) { return std::asinh(x); });
  sweep_both<Asinh>(-10, 10, 4, [](long double x) { return std::asinh(x); });
  sweep_both<Acosh>(1, kInf, 4, [](long double x) { return std::acosh(x); });
  sweep_both<Acosh>(1, 4, 4, [](long double x) { return std::acosh(x); });
  sweep_both<Atanh>(-1, 1, 4, [](long double x) { return std::atanh(x); });
}
long double erfinv_by_newton(long double x) {
  if (std::fabs(x) >= 1 || std::isnan(x)) return std::fabs(x) == 1 ? x * INFINITY : std::nanl("");
  const long double a = std::fabs(x), two_over_root_pi = 1.12837916709551257389615890312L;
  // Where erf is nearly 1, the logarithm of erfc is nearly a parabola.
  long double y = a < 0.9L ? a * 0.9L : std::sqrt(-std::log(1 - a)) * 0.9L;
  for (int i = 0; i < 60; ++i) {
    const long double slope = two_over_root_pi * std::exp(-y * y);
    const long double by =
        a < 0.9L ? (std::erf(y) - a) / slope : (std::log(1 - a) - std::log(std::erfc(y))) * std::erfc(y) / slope;
    y -= by;
    if (std::fabs(by) <= 1e-19L * y) break;
  }
  return std::copysign(y, x);
}
TEST(ScalarMath, Erfinv) {
  sweep_both<Erfinv>(-1, 1, 4, erfinv_by_newton);
  sweep_both<Erfinv>(0.99, 1, 4, erfinv_by_newton);
}
TEST(ScalarMath, Gamma) {
  sweep_both<Lgamma>(0, kInf, 8, [](long double x) { return std::lgamma(x); });
  sweep_both<Lgamma>(-0.1, 0, 8, [](long double x) { return std::lgamma(x); });
  sweep_both<Lgamma>(0, 20, 8, [](long double x) { return std::lgamma(x); });
  sweep_both<Lgamma>(0.9, 2.1, 8, [](long double x) { return std::lgamma(x); });
}
TEST(ScalarMath, GammaBelowZero) {
  auto lgamma = [](long double x) { return std::lgamma(x); };
  sweep_both_conditioned<Lgamma>(-kInf, 0, 6, lgamma, 1);
  sweep_both_conditioned<Lgamma>(-20, -2.75, 6, lgamma);
  sweep_both_conditioned<Lgamma>(-2.45, 0, 6, lgamma);
  // In between f and its slope are small; there only the bits of 1 are right.
  sweep_both_conditioned<Lgamma>(-3, 0, 3, lgamma, 1);
}
long double digamma_by_series(long double x) {
  const long double pi = 3.14159265358979323846264338327950288L;
  if (x == 0 || (x < 0 && x == std::floor(x))) return -INFINITY;
  if (x < 0) return digamma_by_series(1 - x) - pi / std::tan(pi * (x - std::nearbyint(x)));
  long double sum = 0;
  for (; x < 40; ++x) sum += 1 / x;
  const long double r = 1 / x, q = r * r;
  return std::log(x) - r / 2 - q * (1 / 12.0L - q * (1 / 120.0L - q * (1 / 252.0L - q * (1 / 240.0L - q / 132.0L)))) -
         sum;
}
TEST(ScalarMath, Digamma) {
  sweep_both_conditioned<Digamma>(0, kInf, 3, digamma_by_series);
  sweep_both_conditioned<Digamma>(0, 20, 3, digamma_by_series);
  sweep_both_conditioned<Digamma>(0.9, 2.1, 1, digamma_by_series);
  for (double low : {-kInf, -20.0, -1.0}) sweep_both_conditioned<Digamma>(low, 0, 3.5L, digamma_by_series);
}
TEST(ScalarMath, GeluHasAnAccurateTail) {
  auto gelu = [](long double x) { return std::isinf(x) ? (x > 0 ? x : 0) : x * std::erfc(-x * std::sqrt(0.5L)) / 2; };
  sweep_both<Gelu>(-kInf, kInf, 40, gelu);  // the last subnormal bits of Phi, times |x|
  sweep_both<Gelu>(-12, 12, 8, gelu);
}
TEST(ScalarMath, Sqrt) {
  sweep_both<Sqrt>(0, kInf, 0.5001L, [](long double x) { return std::sqrt(x); });
}
TEST(ScalarMath, Floor) {
  sweep_both<Floor>(-kInf, kInf, 0, [](long double x) { return std::floor(x); });
  sweep_both<Floor>(-20, 20, 0, [](long double x) { return std::floor(x); });
}

template <class S>
void sweep_pow(long double limit) {
  std::vector<S> a, b;
  for (S x : samples<S>(0, kInf, 3000)) {
    for (S y : {S(0.5), S(-1.5), S(3), S(17.3), S(1e-3), S(0.999)}) a.push_back(x), b.push_back(y);
  }
  for (S x : samples<S>(0.5, 2, 3000)) {
    for (S y : samples<S>(-300, 300, 4)) a.push_back(x), b.push_back(y);
  }
  using L = std::numeric_limits<S>;
  const S edges[] = {0, 1, 2, 3, S(0.5), S(2.5), L::max(), L::min(), L::infinity(), S(1e10), S(4097)};
  for (S x : edges) {
    for (S y : edges) {
      for (int signs = 0; signs < 4; ++signs) a.push_back(signs & 1 ? -x : x), b.push_back(signs & 2 ? -y : y);
    }
    a.push_back(x), b.push_back(L::quiet_NaN());
    a.push_back(L::quiet_NaN()), b.push_back(x);
  }
  for_each_isa([&]<class Target>(Target) {
    std::vector<S> y(a.size());
    const void* in[] = {a.data(), b.data()};
    cpu::ElementwiseKernels<Pow, Target>::table.partial[kType<S>][0][0](static_cast<int64_t>(a.size()), y.data(), in,
                                                                        nullptr);
    long double worst = 0;
    size_t at = 0;
    for (size_t i = 0; i < a.size(); ++i) {
      long double e = ulps(y[i], std::pow(static_cast<long double>(a[i]), static_cast<long double>(b[i])));
      if (!(e <= worst)) worst = e, at = i;
    }
    EXPECT_LE(worst, limit) << Target::name << " " << a[at] << " ^ " << b[at] << " gives " << y[at];
  });
}
TEST(ScalarMath, Pow) {
  sweep_pow<float>(1);
  sweep_pow<double>(8);
}

// Where results begin to be infinite.
template <class S>
void check_upper_edge() {
  using L = std::numeric_limits<S>;
  const S edge = static_cast<S>(std::log(static_cast<long double>(L::max())));
  std::vector<S> x = {edge}, base, power;
  for (S below = edge, above = edge; x.size() < 21;) {
    x.push_back(below = std::nextafter(below, S(0)));
    x.push_back(above = std::nextafter(above, L::infinity()));
  }
  for (S b : samples<S>(1.5, 1000, 2000)) {
    if (!(b > 1) || b == L::infinity()) continue;
    S y = static_cast<S>(std::log(static_cast<long double>(L::max())) / std::log(static_cast<long double>(b)));
    for (int i = 0; i < 4; ++i) y = std::nextafter(y, S(0));
    for (int i = 0; i < 8; ++i) base.push_back(b), power.push_back(y = std::nextafter(y, L::infinity()));
  }
  for_each_isa([&]<class Target>(Target) {
    const std::vector<S> y = run<Exp, S, Target>(x);
    for (size_t i = 0; i < x.size(); ++i) {
      const S want = static_cast<S>(std::exp(static_cast<long double>(x[i])));
      if (std::isinf(want)) {
        EXPECT_EQ(y[i], want) << Target::name << " " << x[i];
      } else {
        EXPECT_LE(ulps(y[i], std::exp(static_cast<long double>(x[i]))), 4) << Target::name << " " << x[i];
      }
    }
    std::vector<S> z(base.size());
    const void* in[] = {base.data(), power.data()};
    cpu::ElementwiseKernels<Pow, Target>::table.partial[kType<S>][0][0](static_cast<int64_t>(z.size()), z.data(), in,
                                                                        nullptr);
    for (size_t i = 0; i < z.size(); ++i) {
      ASSERT_GT(z[i], L::max() * S(0.999)) << Target::name << " " << base[i] << " ^ " << power[i];  // not NaN
    }
  });
}
TEST(ScalarMath, OverflowIsInfinityAndNoNumberBefore) {
  check_upper_edge<float>();
  check_upper_edge<double>();
}

TEST(ScalarMath, SignedZerosAndSubnormalsSurvive) {
  for_each_isa([]<class Target>(Target) {
    float tiny = std::numeric_limits<float>::denorm_min();
    std::vector<float> x = {0.0f, -0.0f, tiny, -tiny};
    for (const auto& y : {run<Expm1, float, Target>(x), run<Log1p, float, Target>(x), run<Tanh, float, Target>(x)}) {
      for (int i = 0; i < 4; ++i) {
        EXPECT_EQ(y[i], x[i]);
        EXPECT_EQ(std::signbit(y[i]), std::signbit(x[i]));
      }
    }
  });
}

}  // namespace
}  // namespace gg
