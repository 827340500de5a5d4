#include "cpu/optimizer.h"

#include <gtest/gtest.h>

#include "tests/cpu/arrays.h"

namespace gg::cpu_test {
namespace {

using cpu::AdamStep;
using cpu::OptimizerSlot;
using cpu::SgdStep;

// Some parameters of awkward sizes with everything an optimiser needs.
template <class T>
struct Set {
  std::vector<Owned<T>> p, g, m, v;
  explicit Set(std::vector<int64_t> sizes = {1, 7, 0, 64, 1000, 40000}) {
    for (size_t i = 0; i < sizes.size(); ++i) {
      for (auto* list : {&p, &g, &m, &v}) list->emplace_back(Shape{sizes[i]});
      p[i].randomize(10 * i);
      g[i].randomize(10 * i + 1);
      m[i].randomize(10 * i + 2);
      v[i].randomize(10 * i + 3, 0, 1);
    }
  }
  std::vector<OptimizerSlot> slots() {
    std::vector<OptimizerSlot> s;
    for (size_t i = 0; i < p.size(); ++i) {
      s.push_back({p[i].array.data, g[i].array.data, m[i].array.data, v[i].array.data, p[i].numel(), dtype_of<T>});
      if (i == 3) s[i].decay_scale = 0;
      if (i == 4) s[i].lr_scale = 2;
    }
    return s;
  }
};

template <class T>
class OptimizerTest : public testing::Test {
 protected:
  static constexpr double kTolerance = std::is_same_v<T, float> ? 1e-6 : 1e-14;
};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(OptimizerTest, Types);

TYPED_TEST(OptimizerTest, AdamFollowsTheFormula) {
  using T = TypeParam;
  for (bool decoupled : {false, true}) {
    for (bool maximize : {false, true}) {
      Set<T> before, after;
      AdamStep s{.lr = 0.01, .beta1 = 0.8, .beta2 = 0.95, .eps = 1e-6, .weight_decay = 0.1};
      s.bias_correction1 = 1 - std::pow(0.8, 3);
      s.bias_correction2 = 1 - std::pow(0.95, 3);
      s.grad_scale = 0.5;
      s.decoupled = decoupled;
      s.maximize = maximize;
      cpu::adam(after.slots(), &s);
      for (size_t i = 0; i < before.p.size(); ++i) {
        for (int64_t k = 0; k < before.p[i].numel(); ++k) {
          double p = before.p[i].at(k), g = before.g[i].at(k) * 0.5 * (maximize ? -1 : 1);
          double lr = s.lr * (i == 4 ? 2 : 1), decay = i == 3 ? 0 : s.weight_decay;
          if (decoupled) {
            p *= 1 - lr * decay;
          } else {
            g += decay * p;
          }
          double m = s.beta1 * before.m[i].at(k) + (1 - s.beta1) * g;
          double v = s.beta2 * before.v[i].at(k) + (1 - s.beta2) * g * g;
          p -= lr * (m / s.bias_correction1) / (std::sqrt(v / s.bias_correction2) + s.eps);
          ASSERT_NEAR(after.m[i].at(k), m, this->kTolerance);
          ASSERT_NEAR(after.v[i].at(k), v, this->kTolerance);
          ASSERT_NEAR(after.p[i].at(k), p, this->kTolerance);
        }
      }
    }
  }
}

TYPED_TEST(OptimizerTest, SgdFollowsTheFormula) {
  using T = TypeParam;
  for (double momentum : {0.0, 0.9}) {
    for (bool nesterov : {false, true}) {
      for (bool first : {false, true}) {
        Set<T> before, after;
        SgdStep s{.lr = 0.1, .momentum = momentum, .dampening = nesterov ? 0 : 0.25, .weight_decay = 0.01};
        s.nesterov = nesterov;
        s.first = first;
        cpu::sgd(after.slots(), &s);
        for (size_t i = 0; i < before.p.size(); ++i) {
          for (int64_t k = 0; k < before.p[i].numel(); ++k) {
            double p = before.p[i].at(k), g = before.g[i].at(k) + (i == 3 ? 0 : s.weight_decay) * p;
            double step = g, m = before.m[i].at(k);
            if (momentum != 0) {
              m = first ? g : momentum * m + (1 - s.dampening) * g;
              step = nesterov ? g + momentum * m : m;
            }
            ASSERT_NEAR(after.m[i].at(k), m, this->kTolerance);
            ASSERT_NEAR(after.p[i].at(k), p - s.lr * (i == 4 ? 2 : 1) * step, this->kTolerance);
          }
        }
      }
    }
  }
}

TYPED_TEST(OptimizerTest, ClippingByNorm) {
  using T = TypeParam;
  Set<T> set;
  std::vector<cpu::FlatArray> arrays;
  long double expected = 0;
  for (auto& g : set.g) {
    arrays.push_back({g.array.data, g.numel(), dtype_of<T>});
    for (int64_t k = 0; k < g.numel(); ++k) expected += static_cast<long double>(g.at(k)) * g.at(k);
  }
  double got = 0;
  cpu::sum_squares(&got, arrays);
  EXPECT_NEAR(got / static_cast<double>(expected), 1, this->kTolerance);
  double factor = 0.25;
  auto before = set.g[4].values();
  cpu::scale(arrays, &factor);
  for (size_t k = 0; k < before.size(); ++k) EXPECT_EQ(set.g[4].at(k), before[k] * T(0.25));
}

TEST(Optimizer, ATypicalDefaultStepMovesByTheLearningRate) {
  // At the first step from zero moments Adam moves each element by lr against the sign of its gradient.
  Set<float> set({100});
  cpu::AdamStep s;
  s.bias_correction1 = 1 - s.beta1;
  s.bias_correction2 = 1 - s.beta2;
  for (int64_t k = 0; k < 100; ++k) set.m[0].at(k) = set.v[0].at(k) = set.p[0].at(k) = 0;
  cpu::adam(set.slots(), &s);
  for (int64_t k = 0; k < 100; ++k) EXPECT_NEAR(set.p[0].at(k), set.g[0].at(k) > 0 ? -1e-3 : 1e-3, 1e-7);
}

TEST(Optimizer, MixedTypesInOneCall) {
  Set<float> a({100});
  Set<double> b({100});
  auto slots = a.slots();
  slots.push_back(b.slots()[0]);
  SgdStep s{.lr = 1};
  auto fa = a.p[0].values();
  auto fb = b.p[0].values();
  cpu::sgd(slots, &s);
  EXPECT_FLOAT_EQ(a.p[0].at(9), fa[9] - a.g[0].at(9));
  EXPECT_DOUBLE_EQ(b.p[0].at(9), fb[9] - b.g[0].at(9));
}

TEST(Optimizer, SameBitsForAnyNumberOfThreads) {
  EXPECT_TRUE(same_for_any_threads([] {
    Set<float> set({300, 100000, 5});
    AdamStep s;
    cpu::adam(set.slots(), &s);
    double squares = 0;
    std::vector<cpu::FlatArray> arrays;
    for (auto& p : set.p) arrays.push_back({p.array.data, p.numel(), f32});
    cpu::sum_squares(&squares, arrays);
    auto bytes = set.p[1].bytes;
    bytes.resize(bytes.size() + sizeof squares);
    std::memcpy(&bytes[bytes.size() - sizeof squares], &squares, sizeof squares);
    return bytes;
  }));
}

TEST(Optimizer, RefusesSlotsWithoutMoments) {
  Set<float> set({5});
  auto slots = set.slots();
  slots[0].m = nullptr;
  AdamStep a;
  SgdStep s{.momentum = 0.9};
  EXPECT_THROW(cpu::adam(slots, &a), Error);
  EXPECT_THROW(cpu::sgd(slots, &s), Error);
  slots[0].dtype = i64;
  s.momentum = 0;
  EXPECT_THROW(cpu::sgd(slots, &s), Error);
  cpu::adam({}, &a);
  double none = -1;
  cpu::sum_squares(&none, {});
  EXPECT_EQ(none, 0);
}

}  // namespace
}  // namespace gg::cpu_test
