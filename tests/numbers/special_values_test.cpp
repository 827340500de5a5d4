// Every order of every functor at the edges of the number line, and the edge rules of core/jet.h. All answers are
// written out by hand: limits where there are any.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/deep_jet.h"
#include "cpu/elementwise_loops.h"
#include "ops/functors/functors.h"
#include "tests/numbers/isa_tables.h"

namespace gg {
namespace {

using testing::for_each_isa;
constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

template <class S>
bool same(S got, double want) {
  S w = static_cast<S>(want);
  if (std::isnan(want)) return std::isnan(got);
  if (std::isinf(w)) return got == w;
  return std::fabs(got - w) <= 4 * std::numeric_limits<S>::epsilon() * std::fabs(w);
}

// The derivatives of orders 0, 1, … at x, by the loops of every instruction set in both types and by the deep jet.
template <class F>
void expect(const F& f, double x, std::vector<double> want) {
  auto one = [&]<class S>(S) {
    constexpr int type = sizeof(S) == 4 ? 0 : 1;
    S at = static_cast<S>(x);
    for (size_t k = 0; k < want.size(); ++k) {
      for_each_isa([&]<class Target>(Target) {
        std::vector<S> xs(19, at), g(19, S(1)), y(19, S(99));
        const void* value_in[] = {xs.data()};
        const void* in[] = {g.data(), xs.data()};
        const auto& table = cpu::ElementwiseKernels<F, Target>::table;
        if (table.input_facts[k].vanishes) {
          EXPECT_EQ(want[k], 0) << F::name << " order " << k;
          return;
        }
        auto loop = table.by_input[type][k];
        if (!loop) return;  // above the vector depth of this build
        loop(19, y.data(), k == 0 ? value_in : in, &f);
        for (S v : {y[0], y[18]}) {
          EXPECT_TRUE(same(v, want[k])) << F::name << " order " << k << " at " << at << ", " << Target::name << " "
                                        << 8 * sizeof(S) << " bit: got " << v << ", want " << want[k];
        }
      });
      double deep = f.f(DeepJet<1>::variable(at, 0)).partial(static_cast<int>(k));
      EXPECT_TRUE(same(static_cast<S>(deep), want[k]))
          << F::name << " order " << k << " at " << at << ", deep jet: got " << deep << ", want " << want[k];
    }
  };
  one(float{});
  one(double{});
}

const double kMax32 = std::numeric_limits<float>::max();

TEST(SpecialValues, BoundedActivationsFarOut) {
  for (double x : {1e4, 1e20, kMax32, kInf}) {
    expect(Sigmoid{}, x, {1, 0, 0, 0, 0});
    expect(Sigmoid{}, -x, {0, 0, 0, 0, 0});
    expect(Tanh{}, x, {1, 0, 0, 0, 0});
    expect(Tanh{}, -x, {-1, 0, 0, 0, 0});
    expect(Erf{}, x, {1, 0, 0, 0, 0});
    expect(Erf{}, -x, {-1, 0, 0, 0, 0});
  }
}

TEST(SpecialValues, RampsFarOut) {
  for (double x : {1e4, 1e20, kMax32, kInf}) {
    expect(Silu{}, x, {x, 1, 0, 0, 0});
    expect(Silu{}, -x, {0, 0, 0, 0, 0});
    expect(Gelu{}, x, {x, 1, 0, 0, 0});
    expect(Gelu{}, -x, {0, 0, 0, 0, 0});
    expect(GeluTanh{}, x, {x, 1, 0, 0, 0});
    expect(GeluTanh{}, -x, {0, 0, 0, 0, 0});
    expect(Softplus{}, x, {x, 1, 0, 0, 0});
    expect(Softplus{}, -x, {0, 0, 0, 0, 0});
    expect(Relu{}, x, {x, 1, 0, 0, 0});
    expect(Relu{}, -x, {0, 0, 0, 0, 0});
    expect(LeakyRelu{}, x, {x, 1, 0, 0, 0});
    expect(LeakyRelu{0.5}, -x, {-x / 2, 0.5, 0, 0, 0});
    expect(Elu{}, x, {x, 1, 0, 0, 0});
    expect(Elu{2}, -x, {-2, 0, 0, 0, 0});
    expect(Clamp{-1, 2}, x, {2, 0, 0});
    expect(Clamp{-1, 2}, -x, {-1, 0, 0});
    expect(Abs{}, x, {x, 1, 0});
    expect(Abs{}, -x, {x, -1, 0});
    expect(Round{}, x, {x, 0});
    expect(Ceil{}, -x, {-x, 0});
    expect(DivScalar{x}, -x, {std::isinf(x) ? kNan : -1});
  }
}

TEST(SpecialValues, DoublesAtTheirOwnEnds) {
  using R = Real<double, cpu::Baseline>;
  auto at = [](auto f, double x) { return f.f(Jet<R, 4>::variable(R(x))); };
  const double max = std::numeric_limits<double>::max();
  for (int k = 2; k <= 4; ++k) {
    for (double x : {max, -max, 709.0, -746.0, 1e160, -1e160}) {
      for (double d : {at(Sigmoid{}, x).c[k].value, at(Silu{}, x).c[k].value, at(Gelu{}, x).c[k].value,
                       at(GeluTanh{}, x).c[k].value, at(Tanh{}, x).c[k].value, at(Softplus{}, x).c[k].value,
                       at(Erf{}, x).c[k].value}) {
        EXPECT_LT(std::fabs(d), 1e-290) << x;
      }
    }
  }
}

TEST(SpecialValues, AtZero) {
  expect(Sigmoid{}, 0, {0.5, 0.25, 0, -0.125, 0});
  expect(Silu{}, 0, {0, 0.5, 0.5, 0, -0.5});
  expect(Tanh{}, 0, {0, 1, 0, -2, 0});
  expect(Relu{}, 0, {0, 0, 0});
  expect(Relu{}, -0.0, {0, 0, 0});
  expect(LeakyRelu{0.25}, 0, {0, 0.25, 0});
  expect(Elu{2}, 0, {0, 2, 2, 2});
  expect(Abs{}, 0, {0, 0, 0});
  expect(Abs{}, -0.0, {0, 0, 0});
  expect(Sign{}, 0, {0, 0});
  expect(Floor{}, -0.5, {-1, 0});
  expect(Ceil{}, 0.25, {1, 0});
  expect(Round{}, 1.5, {2, 0});
  expect(Round{}, -2.5, {-2, 0});
  expect(ScalarDiv{3}, 0, {kInf, -kInf, kInf});
  expect(Square{}, 0, {0, 0, 2, 0});
  expect(Sqrt{}, 0, {0, kInf, -kInf, kInf});
  expect(Rsqrt{}, 0, {kInf, -kInf, kInf});
  expect(Reciprocal{}, 0, {kInf, -kInf, kInf});
  expect(Log{}, 0, {-kInf, kInf, -kInf, kInf});
  expect(Log1p{}, -1, {-kInf, kInf, -kInf});
  expect(PowScalar{2}, 0, {0, 0, 2, 0, 0});
  expect(PowScalar{3}, 0, {0, 0, 0, 6, 0});
  expect(PowScalar{1}, 0, {0, 1, 0, 0});
  expect(PowScalar{0}, 0, {1, 0, 0, 0});
  expect(PowScalar{0.5}, 0, {0, kInf, -kInf});
  expect(PowScalar{-1}, 0, {kInf, -kInf, kInf});
  expect(PowScalar{2}, -3, {9, -6, 2, 0, 0});
  expect(Clamp{-1, 2}, -1, {-1, 1, 0});
  expect(Clamp{-1, 2}, 2, {2, 1, 0});
}

TEST(SpecialValues, AtInfinity) {
  expect(Exp{}, -kInf, {0, 0, 0, 0, 0});
  expect(Exp{}, kInf, {kInf, kInf, kInf});
  expect(Exp{}, 1e4, {kInf, kInf, kInf, kInf});
  expect(Expm1{}, -kInf, {-1, 0, 0});
  expect(Log{}, kInf, {kInf, 0, 0, 0});
  expect(Log1p{}, kInf, {kInf, 0, 0, 0});
  expect(Sqrt{}, kInf, {kInf, 0, 0, 0});
  expect(Rsqrt{}, kInf, {0, 0, 0});
  expect(Reciprocal{}, kInf, {0, 0, 0});
  expect(Square{}, kInf, {kInf, kInf, 2});
  expect(Sin{}, kInf, {kNan, kNan, kNan});
  expect(PowScalar{2.5}, kInf, {kInf, kInf, kInf, 0});  // 1.5·0.5·x^-0.5 at the end
}

TEST(SpecialValues, InverseFunctionsAtTheEdgesOfTheirDomains) {
  const double half_pi = std::acos(0.0);
  expect(Asin{}, 1, {half_pi, kInf, kInf});
  expect(Asin{}, -1, {-half_pi, kInf, -kInf});
  expect(Asin{}, 1.5, {kNan, kNan});
  expect(Acos{}, 1, {0, -kInf, -kInf});
  expect(Acos{}, -1, {2 * half_pi, -kInf, kInf});
  expect(Acos{}, -1.5, {kNan, kNan});
  expect(Erfinv{}, 1, {kInf, kInf, kInf});
  expect(Erfinv{}, -1, {-kInf, kInf, -kInf});
  expect(Erfinv{}, 1.5, {kNan, kNan});
  expect(Atanh{}, 1, {kInf, kInf});
  expect(Atanh{}, -1, {-kInf, kInf});
  expect(Atanh{}, 2, {kNan});
  expect(Acosh{}, 1, {0, kInf});
  expect(Acosh{}, 0.5, {kNan});
  expect(Atan{}, kInf, {half_pi, 0, 0, 0});
  expect(Atan{}, -kInf, {-half_pi, 0, 0, 0});
  for (double x : {1e20, kMax32, kInf}) {
    expect(Sinh{}, -x, {-kInf, kInf, -kInf});
    expect(Cosh{}, -x, {kInf, -kInf, kInf});
  }
  expect(Asinh{}, kInf, {kInf, 0, 0});
  expect(Asinh{}, -kInf, {-kInf, 0, 0});
  expect(Acosh{}, kInf, {kInf, 0, 0});
  expect(Sinh{}, 0, {0, 1, 0, 1, 0});
  expect(Asinh{}, -0.0, {0, 1, 0, -1, 0});
  expect(Atanh{}, -0.0, {0, 1, 0, 2, 0});
}

TEST(SpecialValues, GammaAtItsPolesAndFarOut) {
  for (double pole : {0.0, -1.0, -2.0, -1e20, -kInf}) expect(Lgamma{}, pole, {kInf});
  expect(Lgamma{}, 1, {0});
  expect(Lgamma{}, 2, {0});
  expect(Lgamma{}, kInf, {kInf});
  expect(Digamma{}, 0, {-kInf});
  expect(Digamma{}, kInf, {kInf, 0});
}

TEST(SpecialValues, MoreActivationsFarOutAndAtTheirCorners) {
  for (double x : {1e4, 1e20, kMax32, kInf}) {
    expect(Mish{}, x, {x, 1, 0, 0, 0});
    expect(Mish{}, -x, {0, 0, 0, 0, 0});
    expect(Logsigmoid{}, x, {0, 0, 0, 0, 0});
    expect(Logsigmoid{}, -x, {-x, 1, 0, 0, 0});
    expect(Hardtanh{-1, 2}, x, {2, 0, 0});
    expect(Hardtanh{-1, 2}, -x, {-1, 0, 0});
    expect(Celu{2}, x, {x, 1, 0, 0, 0});
    expect(Celu{2}, -x, {-2, 0, 0, 0, 0});
  }
  expect(Softsign{}, kInf, {1, 0, 0, 0});
  expect(Softsign{}, -kInf, {-1, 0, 0, 0});
  expect(Softsign{}, 0, {0, 1});
  expect(Hardtanh{-1, 2}, -1, {-1, 0, 0});
  expect(Hardtanh{-1, 2}, 2, {2, 0, 0});
  expect(Celu{2}, 0, {0, 1, 0.5});
  expect(Selu{}, -kInf, {-1.7580993408473766, 0, 0});
}

// What comes out of NaN where that is not NaN in f, f′ and f″.
using Exceptions = std::map<std::string, std::vector<double>>;
Exceptions not_nan() {
  return {
      // The derivative is the same number everywhere.
      {"neg", {kNan, -1, 0}},
      {"add_scalar", {kNan, 1, 0}},
      {"scalar_sub", {kNan, -1, 0}},
      {"mul_scalar", {kNan, 2, 0}},
      {"div_scalar", {kNan, 0.5, 0}},
      {"affine", {kNan, 1, 0}},
      {"square", {kNan, kNan, 2}},
      {"sign", {kNan, 0, 0}},
      {"floor", {kNan, 0, 0}},
      {"ceil", {kNan, 0, 0}},
      {"round", {kNan, 0, 0}},
      {"abs", {kNan, kNan, 0}},
      // Or on each side of a corner, and NaN is on no side: what is left after all comparisons, in PyTorch too, but for
      // the 0 of its clamp.
      {"relu", {kNan, 1, 0}},
      {"leaky_relu", {kNan, 0.01, 0}},
      {"hardtanh", {kNan, 1, 0}},
      {"clamp", {kNan, 1, 0}},
  };
}

// f′ at NaN from the output, NaN.
template <class F>
void expect_output_derivative_at_nan(double want) {
  for_each_isa([&]<class Target>(Target) {
    const F f;
    std::vector<float> y(19, static_cast<float>(kNan)), g(19, 1), out(19, 99);
    const void* in[] = {g.data(), y.data()};
    cpu::ElementwiseKernels<F, Target>::table.by_output[0][0](19, out.data(), in, &f);
    EXPECT_TRUE(same(out[0], want) && same(out[18], want)) << F::name << ", " << Target::name << ": got " << out[0];
  });
}

TEST(SpecialValues, NanPassesThroughEveryFunctionAndItsDerivatives) {
  Exceptions left = not_nan();
  auto expect_nan_of_nan = [&]<class F>() {
    if constexpr (UnaryFunctor<F>) {
      std::vector<double> want(3, kNan);
      if (auto found = left.find(F::name); found != left.end()) {
        want = found->second;
        left.erase(found);
      }
      expect(F{}, kNan, want);
      if constexpr (HasOutputDerivative<F>) expect_output_derivative_at_nan<F>(want[1]);
    }
  };
  for_functors(expect_nan_of_nan);
  for_functors(ScalarOps(), expect_nan_of_nan);
  for (const auto& [name, want] : left) ADD_FAILURE() << name << " is no function of one argument";
}

TEST(SpecialValues, NanComesOutOutsideOfTheDomain) {
  expect(Log{}, -1, {kNan});
  expect(Sqrt{}, -1, {kNan, kNan});
  expect(PowScalar{0.5}, -1, {kNan});
}

TEST(SpecialValues, OutputDerivativeOfReluPassesNothingAtZero) {
  for_each_isa([]<class Target>(Target) {
    float g[4] = {5, 5, 5, 5}, y[4] = {0, 1, -0.0f, 100}, out[4];
    const void* in[] = {g, y};
    cpu::ElementwiseKernels<Relu, Target>::table.by_output[0][0](4, out, in, nullptr);
    EXPECT_EQ(out[0], 0);
    EXPECT_EQ(out[1], 5);
    EXPECT_EQ(out[2], 0);
    EXPECT_EQ(out[3], 5);
  });
}

// ∂ⁱ⁺ʲ/∂aⁱ∂bʲ at one point, in all the ways there are.
template <class F>
void expect_binary(double a, double b, int i, int j, double want) {
  const F functor;
  for_each_isa([&]<class Target>(Target) {
    const auto& table = cpu::ElementwiseKernels<F, Target>::table;
    if (!table.partial[1][i][j]) return;
    std::vector<double> g(11, 1), as(11, a), bs(11, b), y(11, 99);
    const void* value_in[] = {as.data(), bs.data()};
    const void* in[] = {g.data(), as.data(), bs.data()};
    table.partial[1][i][j](11, y.data(), i + j == 0 ? value_in : in, &functor);
    EXPECT_TRUE(same(y[0], want) && same(y[10], want)) << F::name << " (" << i << "," << j << ") at " << a << ", " << b
                                                       << " " << Target::name << ": got " << y[0] << ", want " << want;
  });
  double deep = F{}.f(DeepJet<2>::variable(a, 0), DeepJet<2>::variable(b, 1)).partial(i, j);
  EXPECT_TRUE(same(deep, want)) << F::name << " deep (" << i << "," << j << ") at " << a << ", " << b << ": got "
                                << deep << ", want " << want;
}

TEST(SpecialValues, TiesOfMaximumShareTheGradient) {
  for (double x : {3.0, 0.0, -1e308, kInf}) {
    expect_binary<Maximum>(x, x, 0, 0, x);
    expect_binary<Maximum>(x, x, 1, 0, 0.5);
    expect_binary<Maximum>(x, x, 0, 1, 0.5);
    expect_binary<Minimum>(x, x, 1, 0, 0.5);
  }
  expect_binary<Maximum>(1, 2, 1, 0, 0);
  expect_binary<Maximum>(1, 2, 0, 1, 1);
  expect_binary<Minimum>(1, 2, 1, 0, 1);
  expect_binary<Maximum>(kInf, -kInf, 0, 0, kInf);
  expect_binary<Maximum>(kNan, 1, 0, 0, kNan);
  expect_binary<Maximum>(1, kNan, 0, 0, kNan);
  expect_binary<Minimum>(1, kNan, 0, 0, kNan);
}

TEST(SpecialValues, PowAtTheEdgeOfItsDomain) {
  expect_binary<Pow>(0, 2, 0, 0, 0);
  expect_binary<Pow>(0, 2, 1, 0, 0);
  expect_binary<Pow>(0, 2, 2, 0, 2);
  expect_binary<Pow>(0, 2, 0, 1, 0);
  expect_binary<Pow>(0, 0, 0, 0, 1);
  expect_binary<Pow>(0, 0, 1, 0, 0);
  expect_binary<Pow>(0, 0, 0, 1, 0);
  expect_binary<Pow>(0, 1, 1, 0, 1);
  expect_binary<Pow>(2, 0, 1, 1, 0.5);  // ∂/∂b of b·a^(b-1)
  expect_binary<Pow>(-2, 3, 1, 0, 12);
  expect_binary<Pow>(-2, 3, 0, 1, kNan);  // log of a negative base
  expect_binary<Pow>(1, 5, 0, 1, 0);
}

TEST(SpecialValues, Div) {
  expect_binary<Div>(1, 0, 0, 0, kInf);
  expect_binary<Div>(0, 0, 0, 0, kNan);
  expect_binary<Div>(1, 0, 1, 0, kInf);
  expect_binary<Div>(1, 0, 0, 1, -kInf);
  expect_binary<Div>(3, 2, 1, 1, -0.25);
  expect_binary<Div>(3, 2, 1, 2, 0.25);
}

TEST(SpecialValues, NanPassesThroughQuotientsAndMixtures) {
  for (auto [a, b] : {std::pair{kNan, 3.0}, {2.0, kNan}, {kNan, kNan}}) {
    for (int j = 0; j <= 2; ++j) expect_binary<Div>(a, b, 0, j, kNan);
    expect_binary<Lerp>(a, b, 0, 0, kNan);
    expect_binary<Lerp>(a, b, 1, 0, 0.5);  // linear in both
    expect_binary<Lerp>(a, b, 0, 1, 0.5);
  }
  for (int j = 0; j <= 2; ++j) expect_binary<Div>(2, kNan, 1, j, kNan);
  expect_binary<Div>(kNan, 2, 1, 0, 0.5);  // linear in a
  expect_binary<Div>(kNan, 2, 1, 1, -0.25);
}

TEST(SpecialValues, AnglesAndLengths) {
  const double pi = std::acos(-1.0);
  expect_binary<Atan2>(0.0, 1, 0, 0, 0);
  expect_binary<Atan2>(0.0, -1, 0, 0, pi);
  expect_binary<Atan2>(-0.0, -1, 0, 0, -pi);
  expect_binary<Atan2>(1, 0.0, 0, 0, pi / 2);
  expect_binary<Atan2>(-1, 0.0, 0, 0, -pi / 2);
  expect_binary<Atan2>(-1, -1, 0, 0, -3 * pi / 4);
  expect_binary<Atan2>(1, -kInf, 0, 0, pi);
  expect_binary<Atan2>(kInf, 1, 0, 0, pi / 2);
  for (double y : {1.0, -1.0}) {
    expect_binary<Atan2>(y * kInf, kInf, 0, 0, y * pi / 4);
    expect_binary<Atan2>(y * kInf, -kInf, 0, 0, y * 3 * pi / 4);
    expect_binary<Atan2>(y * kInf, kInf, 1, 0, 0);
    expect_binary<Atan2>(y * 0.0, -0.0, 0, 0, y * pi);
    expect_binary<Atan2>(y, -0.0, 0, 0, y * pi / 2);
  }
  expect_binary<Atan2>(0, 0, 0, 0, 0);
  expect_binary<Atan2>(0, 0, 0, 1, 0);
  expect_binary<Atan2>(0, 0, 1, 0, 1);  // as y/1: any direction would do
  expect_binary<Atan2>(3, 4, 1, 0, 4.0 / 25);
  expect_binary<Atan2>(-4, -3, 0, 1, 4.0 / 25);
  expect_binary<Atan2>(kNan, 1, 0, 0, kNan);
  expect_binary<Atan2>(1, kNan, 0, 0, kNan);
  expect_binary<Hypot>(3, -4, 0, 0, 5);
  expect_binary<Hypot>(3e300, 4e300, 0, 0, 5e300);
  expect_binary<Hypot>(3e-300, 4e-300, 1, 0, 0.6);
  expect_binary<Hypot>(0, 0, 0, 0, 0);
  expect_binary<Hypot>(0, 0, 1, 0, 0);
  expect_binary<Hypot>(0, 0, 0, 1, 0);
  expect_binary<Hypot>(0, -2, 0, 1, -1);
  expect_binary<Hypot>(0, -2, 1, 0, 0);
  expect_binary<Hypot>(0, -2, 2, 0, 0.5);
  expect_binary<Hypot>(kInf, -kInf, 0, 0, kInf);
  expect_binary<Hypot>(1, -kInf, 0, 0, kInf);
  expect_binary<Hypot>(kNan, 1, 0, 0, kNan);
  expect_binary<Lerp>(1, 3, 0, 0, 2);
  expect_binary<Lerp>(1, 3, 0, 1, 0.5);
}

// ---- rules of jets that no functor of the library shows

using R = Real<double, cpu::Baseline>;
using J = Jet<R, 2>;

TEST(JetRules, AZeroNumeratorUnderARootStaysZero) {
  J x = J::variable(R(0)), y = sqrt(x * x);
  EXPECT_EQ(y.c[0].value, 0);
  EXPECT_EQ(y.c[1].value, 0);
}
TEST(JetRules, ConstantsAreExact) {
  J c = exp(J(1000));  // infinite, but constant: no 0·inf in its derivatives
  EXPECT_EQ(c.degree, 0);
  EXPECT_EQ(c.c[0].value, kInf);
  EXPECT_EQ(c.c[1].value, 0);
  J y = J::variable(R(2)) + c;
  EXPECT_EQ(y.c[1].value, 1);
  EXPECT_EQ(y.c[2].value, 0);
}
TEST(JetRules, SelectTakesTheDerivativesOfItsBranchOnly) {
  J x = J::variable(R(0)), y = select(x > 0, log(x), x);
  EXPECT_EQ(y.c[0].value, 0);
  EXPECT_EQ(y.c[1].value, 1);
  EXPECT_EQ(y.c[2].value, 0);
}
TEST(JetRules, ScaledByZeroIsZero) {
  EXPECT_EQ(scaled(R(kInf), R(0)).value, 0);
  EXPECT_EQ(scaled(R(3), R(2)).value, 6);
  EXPECT_TRUE(std::isnan(scaled(R(kNan), R(1)).value));
  EXPECT_TRUE(std::isnan(scaled(R(1), R(kNan)).value));
  EXPECT_TRUE(std::isnan((R(kInf) * R(0)).value));
}
TEST(JetRules, SechSquaredHasItsDerivativesAtZero) {
  J y = sech2(J::variable(R(0)));
  EXPECT_EQ(y.c[0].value, 1);
  EXPECT_NEAR(y.c[1].value, 0, 1e-15);
  EXPECT_NEAR(y.c[2].value, -2, 1e-14);
}

}  // namespace
}  // namespace gg
