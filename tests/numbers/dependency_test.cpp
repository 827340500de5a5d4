// What is derived about functors while compiling: which derivatives vanish, and what they read.
#include "core/dependency.h"

#include <gtest/gtest.h>

#include "core/functor.h"
#include "ops/functors/activations.h"
#include "ops/functors/arithmetic.h"
#include "ops/functors/exponential.h"
#include "ops/functors/powers.h"
#include "ops/functors/scalars.h"

namespace gg {
namespace {

constexpr Partial kZero = {true, 0};
constexpr Partial reads(unsigned char mask) { return {false, mask}; }
constexpr unsigned char kNone = 0, kA = 1, kB = 2, kBoth = 3;

struct Product {
  template <class T>
  GG_HD T f(T a, T b) const {
    return a * b;
  }
};
struct Sum {
  template <class T>
  GG_HD T f(T a, T b) const {
    return a + 2 * b;
  }
};
struct SelectByFirst {
  template <class T>
  GG_HD T f(T a, T b) const {
    return select(a > 0, b * b, 0);
  }
};
struct CubicInFirst {
  template <class T>
  GG_HD T f(T a, T b) const {
    return a * a * a * exp(b) + floor(a);
  }
};
struct WithZeroParameter {
  double slope = 0;
  template <class T>
  GG_HD T f(T x) const {
    return slope * x;
  }
};

// All of this is settled at compile time.
static_assert(dependency_of<Relu>().partial(0) == reads(kA));
static_assert(dependency_of<Relu>().partial(1) == reads(kA));
static_assert(dependency_of<Relu>().partial(2) == kZero);
static_assert(dependency_of<Affine>().partial(1) == reads(kNone));
static_assert(dependency_of<Affine>().partial(2) == kZero);
static_assert(dependency_of<Product>().partial(1, 0) == reads(kB));
static_assert(dependency_of<Product>().partial(0, 1) == reads(kA));
static_assert(dependency_of<Product>().partial(1, 1) == reads(kNone));
static_assert(dependency_of<Product>().partial(2, 0) == kZero);

TEST(Dependency, Polynomials) {
  constexpr auto square = dependency_of<Square>();
  EXPECT_EQ(square.partial(1), reads(kA));
  EXPECT_EQ(square.partial(2), reads(kNone));
  EXPECT_EQ(square.partial(3), kZero);
  constexpr auto sum = dependency_of<Sum>();
  EXPECT_EQ(sum.partial(1, 0), reads(kNone));
  EXPECT_EQ(sum.partial(0, 1), reads(kNone));
  EXPECT_EQ(sum.partial(1, 1), kZero);
}

TEST(Dependency, SmoothFunctionsHaveAllDerivatives) {
  for (int k = 0; k <= 8; ++k) {
    EXPECT_EQ(dependency_of<Exp>().partial(k), reads(kA)) << k;
    EXPECT_EQ(dependency_of<Silu>().partial(k), reads(kA)) << k;
    EXPECT_EQ(dependency_of<Reciprocal>().partial(k), reads(kA)) << k;
  }
}

TEST(Dependency, PiecewiseLinearFunctionsReadTheirConditions) {
  EXPECT_EQ(dependency_of<Abs>().partial(1), reads(kA));
  EXPECT_EQ(dependency_of<Abs>().partial(2), kZero);
  EXPECT_EQ(dependency_of<Sign>().partial(1), kZero);
  EXPECT_EQ(dependency_of<Floor>().partial(1), kZero);
  EXPECT_EQ(dependency_of<Clamp>().partial(1), reads(kA));
  EXPECT_EQ(dependency_of<Clamp>().partial(2), kZero);
  EXPECT_EQ(dependency_of<Maximum>().partial(1, 0), reads(kBoth));
  EXPECT_EQ(dependency_of<Maximum>().partial(1, 1), kZero);
  constexpr auto chosen = dependency_of<SelectByFirst>();
  EXPECT_EQ(chosen.partial(0, 0), reads(kBoth));
  EXPECT_EQ(chosen.partial(1, 0), kZero);
  EXPECT_EQ(chosen.partial(0, 1), reads(kBoth));
  EXPECT_EQ(chosen.partial(0, 2), reads(kA));
  EXPECT_EQ(chosen.partial(0, 3), kZero);
}

TEST(Dependency, BinaryFunctors) {
  constexpr auto div = dependency_of<Div>();
  EXPECT_EQ(div.partial(1, 0), reads(kB));
  EXPECT_EQ(div.partial(2, 0), kZero);
  EXPECT_EQ(div.partial(1, 1), reads(kB));
  EXPECT_EQ(div.partial(0, 1), reads(kBoth));
  EXPECT_EQ(div.partial(0, 8), reads(kBoth));
  constexpr auto cubic = dependency_of<CubicInFirst>();
  EXPECT_EQ(cubic.partial(3, 0), reads(kB));
  EXPECT_EQ(cubic.partial(4, 0), kZero);
  EXPECT_EQ(cubic.partial(3, 5), reads(kB));
  EXPECT_EQ(dependency_of<Pow>().partial(3, 4), reads(kBoth));
}

TEST(Dependency, OutputDerivatives) {
  EXPECT_EQ(output_dependency_of<Exp>().partial(0), reads(kA));
  EXPECT_EQ(output_dependency_of<Exp>().partial(1), reads(kNone));
  EXPECT_EQ(output_dependency_of<Exp>().partial(2), kZero);
  EXPECT_EQ(output_dependency_of<Relu>().partial(0), reads(kA));
  EXPECT_EQ(output_dependency_of<Relu>().partial(1), kZero);
  EXPECT_EQ(output_dependency_of<Sigmoid>().partial(2), reads(kNone));
  EXPECT_EQ(output_dependency_of<Sigmoid>().partial(3), kZero);
  EXPECT_EQ(output_dependency_of<Silu>().partial(0), kZero);
}

// The default value of a parameter must not be taken for the parameter.
TEST(Dependency, AParameterOfZeroIsNotZero) {
  EXPECT_EQ(dependency_of<WithZeroParameter>().partial(1), reads(kNone));
  EXPECT_EQ(dependency_of<WithZeroParameter>().partial(2), kZero);
}

}  // namespace
}  // namespace gg
