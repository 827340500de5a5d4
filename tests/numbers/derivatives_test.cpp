// Every functor and every order of derivative against an oracle that shares nothing with the code under test.
//
// A derivative of an analytic f is a contour integral: f⁽ᵏ⁾(x) = k!/rᵏ · mean over θ of f(x + r·e^{iθ})·e^{-ikθ}, here
// in long double with the textbook formula of f in complex arithmetic. Where such a formula would lose the derivative
// beside a constant (sigmoid's tail at +89), the oracle drops the constant. Errors are counted in units of the
// derivative's natural size, the mean |f| on the contour times k!/rᵏ. Limits at ±max and ±inf are written out by hand.
#include <gtest/gtest.h>

#include <complex>
#include <functional>
#include <vector>

#include "core/deep_jet.h"
#include "cpu/elementwise_loops.h"
#include "ops/functors/activations.h"
#include "ops/functors/arithmetic.h"
#include "ops/functors/exponential.h"
#include "ops/functors/gamma.h"
#include "ops/functors/hyperbolic.h"
#include "ops/functors/powers.h"
#include "ops/functors/scalars.h"
#include "ops/functors/special.h"
#include "tests/numbers/isa_tables.h"

namespace gg {
namespace {

using testing::for_each_isa;
using Complex = std::complex<long double>;
constexpr int kPoints = 64;  // on a contour
constexpr long double kTau = 6.283185307179586476925286766559L;

struct Expected {
  long double value;  // of the derivative
  long double size;   // of what errors are measured against
};

long double factorial(int k) { return k <= 1 ? 1 : k * factorial(k - 1); }

Expected contour(const std::function<Complex(Complex)>& f, long double x, long double r, int k) {
  Complex sum = 0;
  long double size = 0;
  for (int i = 0; i < kPoints; ++i) {
    long double t = kTau * (i + 0.5L) / kPoints;
    Complex v = f(x + std::polar(r, t));
    sum += v * std::polar(1.0L, -k * t);
    size += std::abs(v);
  }
  long double scale = factorial(k) / std::pow(r, static_cast<long double>(k)) / kPoints;
  return {sum.real() * scale, size * scale};
}

Complex cerf(Complex z) {  // its Taylor series, for |z| < 4
  Complex term = z, sum = z;
  for (int n = 1; n < 120; ++n) {
    term *= -z * z / static_cast<long double>(n);
    sum += term / static_cast<long double>(2 * n + 1);
  }
  return sum * 1.12837916709551257389615890312L;
}

Complex cerfinv(Complex z) {  // Newton's method, along the way from 0
  Complex y = 0;
  for (int step = 1; step <= 8; ++step) {
    const Complex target = z * (static_cast<long double>(step) / 8);
    for (int i = 0; i < 40; ++i) {
      const Complex by = (cerf(y) - target) * std::exp(y * y) * 0.886226925452758013649083741671L;
      y -= by;
      if (std::abs(by) < 1e-18L) break;
    }
  }
  return y;
}

Complex clgamma(Complex z) {  // Stirling's series beyond 40
  Complex shift = 0;
  for (; z.real() < 40; z += 1.0L) shift += std::log(z);
  const Complex r = 1.0L / z, q = r * r;
  return (z - 0.5L) * std::log(z) - z + 0.918938533204672741780329736406L +
         r * (1 / 12.0L - q * (1 / 360.0L - q * (1 / 1260.0L - q * (1 / 1680.0L - q / 1188.0L)))) - shift;
}
Complex cdigamma(Complex z) {
  Complex shift = 0;
  for (; z.real() < 40; z += 1.0L) shift += 1.0L / z;
  const Complex r = 1.0L / z, q = r * r;
  return std::log(z) - r / 2.0L -
         q * (1 / 12.0L - q * (1 / 120.0L - q * (1 / 252.0L - q * (1 / 240.0L - q / 132.0L)))) - shift;
}

// What is known of a unary functor: its points, and f around a point x0 (up to a constant or linear part that has no
// derivative of the order asked for).
template <class F>
struct Case {
  F functor;
  std::vector<double> points;
  std::function<Complex(Complex z, long double x0, int order)> f;
  std::function<long double(long double x0)> radius = [](long double) { return 0.5L; };
};

template <class S>
double tolerance() {
  return sizeof(S) == 4 ? 8 * 0x1p-23 : 32 * 0x1p-52;
}

// The error in units of what is allowed: right if at most 1.
template <class S>
double excess(double got, Expected want) {
  if (std::isnan(got)) return INFINITY;
  S rounded = static_cast<S>(want.value);
  if (std::isinf(rounded) || std::isinf(got)) return got == rounded ? 0 : INFINITY;
  long double allowed = tolerance<S>() * want.size + std::numeric_limits<S>::denorm_min() * 64.0L;
  if (sizeof(S) == 8) allowed += 4e-17L * want.size;  // the contour's own rounding
  return static_cast<double>(std::fabs(got - want.value) / allowed);
}

template <class S, class F>
void check(const Case<F>& c) {
  constexpr int type = sizeof(S) == 4 ? 0 : 1;
  for (int k = 0; k <= cpu::kMaxOrder; ++k) {
    // The points again and again, so that the vector part and the remainder of the loops see each.
    std::vector<S> x, g;
    std::vector<Expected> want;
    for (double p : c.points) {
      S rounded = static_cast<S>(p);
      x.push_back(rounded);
      want.push_back(contour([&](Complex z) { return c.f(z, rounded, k); }, rounded, c.radius(rounded), k));
    }
    size_t distinct = x.size();
    while (x.size() < 67) x.push_back(x[x.size() - distinct]), want.push_back(want[want.size() - distinct]);
    for (size_t i = 0; i < x.size(); ++i) g.push_back(i % 3 == 0 ? 1 : i % 3 == 1 ? -2 : S(0.5));
    auto verify = [&](cpu::ElementwiseLoop loop, const char* how) {
      std::vector<S> y(x.size(), S(99));
      const void* value_in[] = {x.data()};
      const void* in[] = {g.data(), x.data()};
      loop(static_cast<int64_t>(x.size()), y.data(), k == 0 ? value_in : in, &c.functor);
      for (size_t i = 0; i < x.size(); ++i) {
        Expected e = want[i];
        if (k > 0) e = {e.value * g[i], e.size * std::fabs(g[i])};
        double error = excess<S>(y[i], e);
        ASSERT_LE(error, 1) << F::name << " order " << k << " at " << x[i] << ", " << how << ", " << 8 * sizeof(S)
                            << " bit: got " << y[i] << ", want " << e.value << ", natural size " << e.size;
      }
    };
    const cpu::UnaryLoops& chosen = cpu::unary_loops<F>();
    if (chosen.input_facts[k].vanishes) {
      for (const Expected& e : want) {
        ASSERT_LE(std::fabs(e.value), 1e-15L * e.size) << F::name << " order " << k << " is said to vanish";
      }
      EXPECT_EQ(chosen.by_input[type][k], nullptr);
    } else {
      ASSERT_NE(chosen.by_input[type][k], nullptr) << F::name << " order " << k;
      verify(chosen.by_input[type][k], "the chosen table");
    }
    for_each_isa([&]<class Target>(Target) {
      if (cpu::ElementwiseLoop loop = cpu::ElementwiseKernels<F, Target>::table.by_input[type][k]) {
        verify(loop, Target::name);
      }
    });
    for (size_t i = 0; i < distinct; ++i) {
      double deep = c.functor.f(DeepJet<1>::variable(x[i], 0)).partial(k);
      ASSERT_LE(excess<double>(deep, want[i]), 1)
          << F::name << " order " << k << " at " << x[i] << ", deep jet: got " << deep << ", want " << want[i].value;
    }
  }
}

template <class F>
void check_both(const Case<F>& c) {
  check<float>(c);
  check<double>(c);
}

const std::vector<double> kEverywhere = {0,    1e-30, -1e-30, 1e-40, -1e-40, 0.1, -0.1, 0.7, -0.7, 1,   -1,  2.5,
                                         -2.5, 6,     -6,     20,    -20,    50,  -50,  89,  -89,  110, -110};
const std::vector<double> kFar = {1e4, -1e4, 700, -700};

std::vector<double> joined(std::vector<double> a, const std::vector<double>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Complex log1p_of_exp(Complex w) {  // log(1 + e^w), by its series where it is small
  if (w.real() > -3) return std::log(1.0L + std::exp(w));
  Complex e = std::exp(w), power = e, sum = 0;
  for (int n = 1; n < 40; ++n, power *= -e) sum += power / static_cast<long double>(n);
  return sum;
}

Complex logistic(Complex z) { return 1.0L / (1.0L + std::exp(-z)); }

TEST(Derivatives, Sigmoid) {
  check_both<Sigmoid>({{}, joined(kEverywhere, kFar), [](Complex z, long double x, int k) {
                         return x > 0 && k > 0 ? -logistic(-z) : logistic(z);
                       }});
}
TEST(Derivatives, Silu) {
  check_both<Silu>({{}, joined(kEverywhere, kFar), [](Complex z, long double x, int k) {
                      return x > 0 && k > 1 ? -z * logistic(-z) : z * logistic(z);
                    }});
}
TEST(Derivatives, Tanh) {
  check_both<Tanh>({{}, joined(kEverywhere, kFar), [](Complex z, long double x, int k) {
                      if (k == 0 || std::fabs(x) < 2) return std::tanh(z);
                      return x > 0 ? -2.0L * logistic(-2.0L * z) : 2.0L * logistic(2.0L * z);
                    }});
}
TEST(Derivatives, Softplus) {
  auto f = [](long double beta) {
    return [=](Complex z, long double x, int k) {
      if (x <= 0) return log1p_of_exp(beta * z) / beta;
      return (k > 1 ? Complex(0) : z) + log1p_of_exp(-beta * z) / beta;
    };
  };
  check_both<Softplus>({{}, joined(kEverywhere, kFar), f(1)});
  check_both<Softplus>({{3}, kEverywhere, f(3)});
}
TEST(Derivatives, Relu) {
  check_both<Relu>(
      {{}, {0.6, -0.6, 3, -3, 1e4, -1e4}, [](Complex z, long double x, int) { return x > 0 ? z : Complex(0); }});
}
TEST(Derivatives, LeakyRelu) {
  check_both<LeakyRelu>(
      {{0.1}, {0.6, -0.6, 3, -3, 1e4, -1e4}, [](Complex z, long double x, int) { return x > 0 ? z : 0.1L * z; }});
}
TEST(Derivatives, Elu) {
  check_both<Elu>({{1.5}, {0.6, -0.6, 3, -3, -20, -89, 1e4, -1e4}, [](Complex z, long double x, int k) {
                     return x > 0 ? z : 1.5L * (std::exp(z) - (k == 0 ? 1.0L : 0.0L));
                   }});
}
TEST(Derivatives, GeluTanh) {
  auto f = [](Complex z, long double x, int k) {
    Complex w = 1.59576912160573071175978423973752L * (z + 0.044715L * z * z * z);
    return x > 0 && k > 1 ? -z * logistic(-w) : z * logistic(w);
  };
  check_both<GeluTanh>(
      {{}, {0, 1e-30, -1e-40, 0.1, -0.1, 0.7, -0.7, 1, -1, 2.5, -2.5, 4, -4, 40, -40, 1e4, -1e4}, f, [](long double) {
         return 0.25L;
       }});
}
TEST(Derivatives, GeluNearZero) {
  check_both<Gelu>({{}, {0, 1e-30, -1e-40, 0.1, -0.1, 0.7, -0.7, 1, -1, 2.5, -2.5}, [](Complex z, long double, int) {
                      return z * 0.5L * (1.0L + cerf(z * 0.70710678118654752440084436210485L));
                    }});
}
TEST(Derivatives, Erf) {
  check_both<Erf>(
      {{}, {0, 1e-30, -1e-40, 0.1, -0.1, 0.99, -1.01, 2.5, -2.5}, [](Complex z, long double, int) { return cerf(z); }});
}
TEST(Derivatives, Exp) {
  check_both<Exp>({{}, {0, 1e-30, -1e-40, 0.1, -0.7, 2.5, -20, 20, 88, -89, -103}, [](Complex z, long double, int) {
                     return std::exp(z);
                   }});
}
TEST(Derivatives, Expm1) {
  check_both<Expm1>({{}, {0, 0.1, -0.7, 2.5, -20, 20, 88, -89}, [](Complex z, long double, int k) {
                       return std::exp(z) - (k == 0 ? 1.0L : 0.0L);
                     }});
}
TEST(Derivatives, Log) {
  check_both<Log>({{},
                   {1e-3, 0.1, 0.7, 1, 1.5, 20, 89, 1e4},
                   [](Complex z, long double, int) { return std::log(z); },
                   [](long double x) { return x / 2; }});
}
TEST(Derivatives, Log1p) {
  check_both<Log1p>({{},
                     {-0.9, -0.5, 0, 0.7, 1.5, 20, 89, 1e4},
                     [](Complex z, long double, int) { return std::log(1.0L + z); },
                     [](long double x) { return (1 + x) / 2; }});
}
TEST(Derivatives, Sin) {
  check_both<Sin>({{}, {0, 0.1, -0.7, 1.5, -3, 20, 89, -1e4}, [](Complex z, long double, int) { return std::sin(z); }});
}
TEST(Derivatives, Cos) {
  check_both<Cos>({{}, {0, 0.1, -0.7, 1.5, -3, 20, 89, -1e4}, [](Complex z, long double, int) { return std::cos(z); }});
}
TEST(Derivatives, InverseTrigonometric) {
  auto to_edge = [](long double x) { return (1 - std::fabs(x)) / 2; };
  const std::vector<double> inside = {0, 1e-30, -1e-30, 0.1, -0.3, 0.49, 0.51, -0.7, 0.9, -0.99, 0.9999};
  check_both<Asin>({{}, inside, [](Complex z, long double, int) { return std::asin(z); }, to_edge});
  check_both<Acos>({{}, inside, [](Complex z, long double, int) { return std::acos(z); }, to_edge});
  check_both<Erfinv>({{}, inside, [](Complex z, long double, int) { return cerfinv(z); }, to_edge});
  // Far out without the constant π/2, beside which the derivatives would be lost.
  auto atan = [](Complex z, long double x, int k) {
    return k == 0 || std::fabs(x) < 2 ? std::atan(z) : -std::atan(1.0L / z);
  };
  check_both<Atan>({{}, {0, 1e-30, 0.1, -0.4, 0.42, 0.9, -1.1, 2.4, 2.5, -20, 1e4}, atan, [](long double x) {
                      return std::sqrt(1 + x * x) / 2;
                    }});
}
TEST(Derivatives, Tan) {
  check_both<Tan>({{},
                   {0, 1e-30, 0.1, -0.7, 1.2, -3, 20},
                   [](Complex z, long double, int) { return std::tan(z); },
                   [](long double) { return 0.2L; }});
}
TEST(Derivatives, Hyperbolic) {
  const std::vector<double> points = {0, 1e-30, -1e-30, 0.1, -0.7, 2.5, -6, 19.5, -20.5, 50, -80};
  check_both<Sinh>({{}, points, [](Complex z, long double, int) { return std::sinh(z); }});
  check_both<Cosh>({{}, points, [](Complex z, long double, int) { return std::cosh(z); }});
  check_both<Asinh>({{},
                     {0, 1e-30, -1e-30, 0.1, -0.7, 2.5, -20, 1e4, -1e8},
                     [](Complex z, long double x, int) { return x < 0 ? -std::asinh(-z) : std::asinh(z); },
                     [](long double x) { return std::sqrt(1 + x * x) / 2; }});
  check_both<Acosh>({{},
                     {1.01, 1.5, 2.5, 20, 1e4, 1e8},
                     [](Complex z, long double, int) { return std::acosh(z); },
                     [](long double x) { return (x - 1) / 2; }});
  check_both<Atanh>({{},
                     {0, 1e-30, 0.1, -0.3, 0.7, -0.9, 0.99},
                     [](Complex z, long double, int) { return std::atanh(z); },
                     [](long double x) { return (1 - std::fabs(x)) / 2; }});
}
TEST(Derivatives, Gamma) {
  // No more than what the argument is brought to before the polynomial.
  auto half = [](long double x) { return std::min(x / 2, 0.6L); };
  const std::vector<double> points = {1e-3, 0.1,  0.49, 0.51, 1,    1.4616, 1.49, 1.51, 2,
                                      2.49, 2.51, 3,    5.7,  9.49, 9.51,   30,   1e4};
  check_both<Lgamma>({{}, points, [](Complex z, long double, int) { return clgamma(z); }, half});
  check_both<Digamma>({{}, points, [](Complex z, long double, int) { return cdigamma(z); }, half});
  // Below 0, up to the constant that the logarithm's branch adds.
  auto to_pole = [](long double x) { return std::fabs(x - std::nearbyint(x)) / 2; };
  auto reflected = [](Complex z, long double x, int k) {
    const long double pi = std::acos(-1.0L);
    const Complex s = std::sin(pi * (z - std::nearbyint(x))) * (x < std::nearbyint(x) ? -1.0L : 1.0L);
    return (k == 0 ? std::log(pi) : 0.0L) - std::log(s) - clgamma(1.0L - z);
  };
  check_both<Lgamma>({{}, {-0.25, -0.7, -1.5, -3.3}, reflected, to_pole});
  auto reflected_digamma = [](Complex z, long double, int) {
    const long double pi = std::acos(-1.0L);
    return cdigamma(1.0L - z) - pi / std::tan(pi * z);
  };
  check_both<Digamma>({{}, {-0.25, -0.7, -1.5, -3.25}, reflected_digamma, to_pole});
}
TEST(Derivatives, MoreActivations) {
  auto mish = [](Complex z, long double x, int k) {
    // x·(1 - 2/(n + 2)): only the second part has derivatives from the second on.
    const Complex e = std::exp(x > 0 ? -z : z);
    const Complex rest = x > 0 ? 2.0L * e * e / (1.0L + 2.0L * e + 2.0L * e * e) : Complex(0);
    if (x > 0) return k > 1 ? -z * rest : z - z * rest;
    return z * e * (e + 2.0L) / (e * (e + 2.0L) + 2.0L);
  };
  check_both<Mish>({{}, {0, 1e-30, -1e-40, 0.1, -0.1, 0.7, -0.7, 1, -1, 2.5, -2.5, 6, -6, 30, -30, 1e4, -1e4}, mish});
  auto logsigmoid = [](Complex z, long double x, int k) {
    return x >= 0 ? -log1p_of_exp(-z) : (k > 1 ? Complex(0) : z) - log1p_of_exp(z);
  };
  check_both<Logsigmoid>({{}, {0, 1e-30, 0.1, -0.1, 0.7, -0.7, 2.5, -2.5, 6, 20, 50}, logsigmoid});
  check_both<Softsign>({{},
                        {0.1, -0.1, 0.7, -0.7, 1.5, -1.5, 20, -1e4},
                        [](Complex z, long double x, int) { return x > 0 ? z / (1.0L + z) : z / (1.0L - z); },
                        [](long double x) { return std::fabs(x) / 2; }});
  check_both<Hardtanh>({{-1, 2}, {0, -0.5, 1.5, 3, -4}, [](Complex z, long double x, int) {
                          return x < -1 ? Complex(-1) : x > 2 ? Complex(2) : z;
                        }});
  check_both<Celu>({{1.5}, {0.6, -0.6, 3, -3, -20, -89, 1e4, -1e4}, [](Complex z, long double x, int k) {
                      return x > 0 ? z : 1.5L * (std::exp(z / 1.5L) - (k == 0 ? 1.0L : 0.0L));
                    }});
  check_both<Selu>({{}, {0.6, -0.6, 3, -3, -20, -89, 1e4, -1e4}, [](Complex z, long double x, int k) {
                      return 1.0507009873554804934L *
                             (x > 0 ? z : 1.6732632423543772848L * (std::exp(z) - (k == 0 ? 1.0L : 0.0L)));
                    }});
}
TEST(Derivatives, Powers) {
  auto half = [](long double x) { return std::fabs(x) / 2; };
  std::vector<double> positive = {1e-3, 0.1, 0.7, 1, 1.5, 20, 89, 1e4};
  std::vector<double> both = {-1e4, -20, -0.7, -1e-3, 1e-3, 0.1, 0.7, 1, 1.5, 20, 89, 1e4};
  check_both<Square>({{}, both, [](Complex z, long double, int) { return z * z; }, half});
  check_both<Sqrt>({{}, positive, [](Complex z, long double, int) { return std::sqrt(z); }, half});
  check_both<Rsqrt>({{}, positive, [](Complex z, long double, int) { return 1.0L / std::sqrt(z); }, half});
  check_both<Reciprocal>({{}, both, [](Complex z, long double, int) { return 1.0L / z; }, half});
  check_both<ScalarDiv>({{-3}, both, [](Complex z, long double, int) { return -3.0L / z; }, half});
  check_both<PowScalar>({{2.5}, positive, [](Complex z, long double, int) { return std::pow(z, 2.5L); }, half});
  check_both<PowScalar>({{-1.5}, positive, [](Complex z, long double, int) { return std::pow(z, -1.5L); }, half});
  check_both<PowScalar>({{3}, both, [](Complex z, long double, int) { return z * z * z; }, half});
}
TEST(Derivatives, PiecewiseLinear) {
  auto one = [](Complex, long double, int) { return Complex(1); };
  check_both<Affine>({{-3, 0.25}, {0, 1, -2, 1e4}, [](Complex z, long double, int) { return -3.0L * z + 0.25L; }});
  check_both<Neg>({{}, {0, 1, -2, 1e4}, [](Complex z, long double, int) { return -z; }});
  check_both<AddScalar>({{-3}, {0, 1, -2, 1e4}, [](Complex z, long double, int) { return z - 3.0L; }});
  check_both<ScalarSub>({{-3}, {0, 1, -2, 1e4}, [](Complex z, long double, int) { return -3.0L - z; }});
  check_both<MulScalar>({{-3}, {0, 1, -2, 1e4}, [](Complex z, long double, int) { return -3.0L * z; }});
  check_both<DivScalar>({{-3}, {0, 1, -2, 1e4}, [](Complex z, long double, int) { return z / -3.0L; }});
  check_both<Abs>({{}, {1, -2, 1e4, -1e-3}, [](Complex z, long double x, int) { return x > 0 ? z : -z; }});
  check_both<Sign>({{}, {1, 2, 1e4}, one});
  check_both<Floor>({{}, {1.5, 1.25}, one});
  check_both<Ceil>({{}, {0.5, 0.25}, one});
  check_both<Round>({{}, {0.75, 1.25}, one});
  check_both<Clamp>({{-1, 2}, {0, -0.5, 1.5, 3, -4}, [](Complex z, long double x, int) {
                       return x < -1 ? Complex(-1) : x > 2 ? Complex(2) : z;
                     }});
}

// ---- the derivative as a function of the output

template <class F>
void check_output(std::vector<double> outputs, std::function<Complex(Complex)> df) {
  auto one = [&]<class S>(S) {
    constexpr int type = sizeof(S) == 4 ? 0 : 1;
    for (int k = 0; k < cpu::kMaxOrder; ++k) {
      for (double p : outputs) {
        S y = static_cast<S>(p), g = -2, out = 99;
        const void* in[] = {&g, &y};
        Expected want = contour(df, y, 0.25L, k);
        want = {want.value * g, want.size * 2};
        auto verify = [&](cpu::ElementwiseLoop loop, const char* how) {
          loop(1, &out, in, nullptr);
          EXPECT_LE(excess<S>(out, want), 1) << F::name << " df order " << k << " at " << p << " " << how << ": got "
                                             << out << ", want " << want.value;
        };
        const cpu::UnaryLoops& loops = cpu::unary_loops<F>();
        ASSERT_TRUE(loops.has_output_derivative);
        if (loops.by_output[type][k]) {
          verify(loops.by_output[type][k], "the chosen table");
        } else {
          EXPECT_TRUE(loops.output_facts[k].vanishes);
          EXPECT_LE(std::fabs(want.value), 1e-15L * want.size) << F::name << " df order " << k;
        }
        for_each_isa([&]<class Target>(Target) {
          if (auto loop = cpu::ElementwiseKernels<F, Target>::table.by_output[type][k]) verify(loop, Target::name);
        });
      }
    }
  };
  one(float{});
  one(double{});
}

TEST(OutputDerivatives, AllFunctorsThatHaveOne) {
  check_output<Exp>({0.5, 1, 3, 1e4}, [](Complex y) { return y; });
  check_output<Expm1>({-0.5, 1, 3, 1e4}, [](Complex y) { return y + 1.0L; });
  check_output<Sigmoid>({0, 0.25, 0.5, 0.99, 1}, [](Complex y) { return y - y * y; });
  check_output<Tanh>({-1, -0.5, 0, 0.9, 1}, [](Complex y) { return (1.0L - y) * (1.0L + y); });
  check_output<Relu>({1, 3, 100}, [](Complex) { return Complex(1); });
  check_output<Tan>({-2, 0, 0.5, 100}, [](Complex y) { return 1.0L + y * y; });
  check_output<Erfinv>({-2, 0, 0.5, 3}, [](Complex y) { return 0.886226925452758013649083741671L * std::exp(y * y); });
  check_output<Sqrt>({0.5, 1, 3, 100}, [](Complex y) { return 1.0L / (2.0L * y); });
  check_output<Rsqrt>({0.5, 1, 3, 100}, [](Complex y) { return -0.5L * y * y * y; });
  check_output<Reciprocal>({-2, 0.5, 1, 3, 100}, [](Complex y) { return -y * y; });
  EXPECT_FALSE(cpu::unary_loops<Silu>().has_output_derivative);
}

// ---- binary functors

template <class F>
void check_binary(std::vector<std::pair<double, double>> points, std::function<Complex(Complex, Complex)> f,
                  long double relative_radius) {
  auto one = [&]<class S>(S) {
    constexpr int type = sizeof(S) == 4 ? 0 : 1;
    const cpu::BinaryLoops& loops = cpu::binary_loops<F>();
    const F functor;
    for (auto [pa, pb] : points) {
      S a = static_cast<S>(pa), b = static_cast<S>(pb);
      long double ra = relative_radius * std::fabs(a), rb = relative_radius * std::max(1.0L, std::fabs((long double)b));
      if (std::is_same_v<F, Div>) rb = relative_radius * std::fabs(b);
      constexpr int n = 32;
      std::vector<Complex> values;
      for (int p = 0; p < n; ++p) {
        for (int q = 0; q < n; ++q) {
          values.push_back(f(static_cast<long double>(a) + std::polar(ra, kTau * p / n),
                             static_cast<long double>(b) + std::polar(rb, kTau * q / n)));
        }
      }
      for (int i = 0; i <= cpu::kMaxOrder; ++i) {
        for (int j = 0; i + j <= cpu::kMaxOrder; ++j) {
          Complex sum = 0;
          long double size = 0;
          for (int p = 0; p < n; ++p) {
            for (int q = 0; q < n; ++q) {
              sum += values[p * n + q] * std::polar(1.0L, -kTau * (i * p + j * q) / n);
              size += std::abs(values[p * n + q]);
            }
          }
          long double scale =
              factorial(i) * factorial(j) / std::pow(ra, (long double)i) / std::pow(rb, (long double)j) / (n * n);
          const S g = i + j == 0 ? 1 : 3;
          Expected want = {sum.real() * scale * g, size * scale * g};
          auto verify = [&](cpu::ElementwiseLoop loop, const char* how) {
            std::vector<S> gs(37, g), as(37, a), bs(37, b), out(37, S(99));
            const void* value_in[] = {as.data(), bs.data()};
            const void* in[] = {gs.data(), as.data(), bs.data()};
            loop(37, out.data(), i + j == 0 ? value_in : in, &functor);
            for (S y : out) {
              ASSERT_LE(excess<S>(y, want), 1) << F::name << " (" << i << "," << j << ") at " << a << ", " << b << " "
                                               << how << ": got " << y << ", want " << want.value;
            }
          };
          if (loops.partial[type][i][j]) {
            EXPECT_FALSE(loops.facts[i][j].vanishes);
            verify(loops.partial[type][i][j], "the chosen table");
          } else {
            EXPECT_TRUE(loops.facts[i][j].vanishes);
            EXPECT_LE(std::fabs(want.value), 1e-14L * want.size) << F::name << " (" << i << "," << j << ")";
          }
          for_each_isa([&]<class Target>(Target) {
            if (auto loop = cpu::ElementwiseKernels<F, Target>::table.partial[type][i][j]) verify(loop, Target::name);
          });
        }
      }
    }
  };
  one(float{});
  one(double{});
}

TEST(BinaryDerivatives, Div) {
  check_binary<Div>(
      {{1, 2}, {-3, 0.5}, {0.1, -7}, {100, 3}}, [](Complex a, Complex b) { return a / b; }, 0.25L);
}
TEST(BinaryDerivatives, Pow) {
  check_binary<Pow>(
      {{1, 2}, {3, 0.5}, {0.1, -2}, {10, 3}, {0.5, 0}}, [](Complex a, Complex b) { return std::pow(a, b); }, 0.25L);
}
TEST(BinaryDerivatives, MaximumAndMinimum) {
  check_binary<Maximum>(
      {{1, 2}, {-3, -5}}, [](Complex a, Complex b) { return a.real() > b.real() ? a : b; }, 0.05L);
  check_binary<Minimum>(
      {{1, 2}, {-3, -5}}, [](Complex a, Complex b) { return a.real() < b.real() ? a : b; }, 0.05L);
}

TEST(BinaryDerivatives, Atan2) {
  const auto angle = [](Complex a, Complex b) {
    const long double half_pi = std::acos(0.0L);
    if (std::fabs(a.real()) > std::fabs(b.real())) return (a.real() < 0 ? -half_pi : half_pi) - std::atan(b / a);
    return std::atan(a / b) + (b.real() > 0 ? 0.0L : a.real() < 0 ? -2 * half_pi : 2 * half_pi);
  };
  check_binary<Atan2>({{1, 2}, {-1, 3}, {2, -5}, {-2, -4}, {7, 2}, {-9, -3}}, angle, 0.1L);
}
TEST(BinaryDerivatives, Hypot) {
  const auto length = [](Complex a, Complex b) { return std::sqrt(a * a + b * b); };
  check_binary<Hypot>({{1, 2}, {-3, 5}, {7, -2}, {-9, -3}}, length, 0.1L);
}
TEST(BinaryDerivatives, Lerp) {
  check_binary<Lerp>(
      {{1, 2}, {-3, 5}}, [](Complex a, Complex b) { return 0.5L * (a + b); }, 0.1L);
}

// ---- the oracle itself must be able to fail

struct GeluWithWrongConstant {
  template <class T>
  GG_HD T f(T x) const {
    return scaled(x, Sigmoid{}.f(1.59576912160573071176 * (x + 0.0446 * (x * x * x))));
  }
};

TEST(Derivatives, AWrongConstantIsCaught) {
  auto f = [](Complex z) { return z * logistic(1.59576912160573071175978423973752L * (z + 0.044715L * z * z * z)); };
  using R = Real<float, cpu::Baseline>;
  auto worst = [&](auto functor, int order) {
    double worst = 0;
    for (float x : {-2.5f, -0.7f, 1.0f, 2.0f}) {
      auto jet = functor.f(Jet<R, 3>::variable(R(x)));
      worst = std::max(worst, excess<float>(jet.c[order].value, contour(f, x, 0.25L, order)));
    }
    return worst;
  };
  for (int order = 0; order <= 3; ++order) {
    EXPECT_LE(worst(GeluTanh{}, order), 1);
    EXPECT_GT(worst(GeluWithWrongConstant{}, order), 1) << "order " << order;
  }
}

}  // namespace
}  // namespace gg
