// RMSprop's fused rule against the same rule made of operations, and at its edges. PyTorch's numbers are in
// rate_and_decay_test.cpp.
#include "optim/rmsprop.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "core/grad_mode.h"
#include "core/parallel.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/shape.h"
#include "tests/errors.h"

namespace gg::optim_test {
namespace {

using namespace gg::optim;

/// The rule as rmsprop.h has it, in operations.
struct Composed {
  Tensor p, v, b, a;
  explicit Composed(const Tensor& start) : p(start), v(zeros_like(start)), b(zeros_like(start)), a(zeros_like(start)) {}
  void step(const Tensor& g, const RmsPropOptions& o) {
    NoGrad off;
    const Tensor d = g + o.weight_decay * p;
    v = o.alpha * v + (1 - o.alpha) * square(d);
    a = o.alpha * a + (1 - o.alpha) * d;
    const Tensor change = d / (sqrt(o.centered ? relu(v - square(a)) : v) + o.eps);
    b = o.momentum * b + change;
    p = p - o.lr * (o.momentum > 0 ? b : change);
  }
};

void expect_close(const Tensor& got, const Tensor& want, double tolerance, const std::string& what) {
  const auto a = to(got.detach(), f64).to_vector<double>(), b = to(want.detach(), f64).to_vector<double>();
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    ASSERT_NEAR(a[i], b[i], tolerance * (1 + std::abs(b[i]))) << what << ", number " << i;
  }
}

TEST(RMSprop, IsTheRuleMadeOfOperations) {
  Generator generator(5);
  for (const DType dtype : {f32, f64}) {
    for (const double momentum : {0.0, 0.7}) {
      for (const bool centered : {false, true}) {
        // An eps beside which the rounding of a d that is nearly 0 is small.
        RmsPropOptions o{.lr = 0.03, .alpha = 0.9, .eps = 0.01, .weight_decay = 0.1, .momentum = momentum};
        o.centered = centered;
        std::vector<Tensor> parameters;
        std::vector<Composed> expected;
        for (const Shape& shape : {Shape{40000}, Shape{}, Shape{0, 3}, Shape{7, 11}}) {
          parameters.push_back(randn(shape, {dtype}, generator).requires_grad_());
          expected.emplace_back(clone(parameters.back().detach()));
        }
        RMSprop optimizer(parameters, o);
        for (int t = 0; t < 5; ++t) {
          optimizer.options().lr = o.lr = 0.03 / (1 + t);
          for (size_t i = 0; i < parameters.size(); ++i) {
            parameters[i].set_grad(randn(parameters[i].shape(), {dtype}, generator));
            expected[i].step(parameters[i].grad(), o);
          }
          optimizer.step();
        }
        const TensorMap state = optimizer.state_dict();
        EXPECT_EQ(state.contains("0.momentum_buffer"), momentum > 0 || centered);
        EXPECT_EQ(state.contains("0.grad_avg"), centered);
        // A small variance divides rounding of the size of v.
        const double tolerance = dtype == f64 ? 1e-12 : centered ? 1e-4 : 2e-6;
        for (size_t i = 0; i < parameters.size(); ++i) {
          const std::string what = str(dtype, ", momentum ", momentum, centered ? ", centered, " : ", ", i);
          expect_close(parameters[i], expected[i].p, tolerance, what);
          expect_close(state.at(str(i, ".square_avg")), expected[i].v, tolerance, what + ", v");
          if (momentum > 0) expect_close(state.at(str(i, ".momentum_buffer")), expected[i].b, tolerance, what + ", b");
          if (centered) expect_close(state.at(str(i, ".grad_avg")), expected[i].a, tolerance, what + ", a");
        }
      }
    }
  }
}

// Once the means have settled on a gradient that stays, v − a² is 0 but for rounding of either sign.
TEST(RMSprop, ANegativeVarianceByRoundingIsZero) {
  Tensor p = zeros({100}).requires_grad_();
  const Tensor g = linspace(0.01, 3, 100);
  RMSprop optimizer({p}, {.lr = 1e-9, .alpha = 0.5, .eps = 1e-3, .centered = true});
  for (int t = 0; t < 200; ++t) {
    p.set_grad(g);
    optimizer.step();
  }
  for (const float x : p.to_vector<float>()) ASSERT_TRUE(std::isfinite(x));
}

TEST(RMSprop, ANanStaysWhereItIs) {
  for (const bool centered : {false, true}) {
    Tensor p = ones({20}).requires_grad_();
    std::vector<float> numbers(20, 1);
    numbers[3] = NAN;
    p.set_grad(from_vector(numbers, {20}));
    RMSprop optimizer({p}, {.momentum = 0.5, .centered = centered});
    optimizer.step();
    const std::vector<float> after = p.to_vector<float>();
    for (size_t i = 0; i < after.size(); ++i) EXPECT_EQ(std::isnan(after[i]), i == 3) << i;
  }
}

TEST(RMSprop, IsTheSameForAnyNumberOfThreads) {
  const auto train = [](int threads) {
    set_num_threads(threads);
    Generator generator(8);
    Tensor p = randn({100003}, {}, generator).requires_grad_();
    RMSprop optimizer({p}, {.momentum = 0.9, .centered = true});
    for (int t = 0; t < 3; ++t) {
      p.set_grad(randn({100003}, {}, generator));
      optimizer.step();
    }
    return p.to_vector<float>();
  };
  const int before = num_threads();
  EXPECT_EQ(train(1), train(3));
  set_num_threads(before);
}

}  // namespace
}  // namespace gg::optim_test
