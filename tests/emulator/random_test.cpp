// Random numbers on the device have the CPU's bits, whatever the size, alignment and layout.
#include "cuda/random.h"

#include <algorithm>

#include "core/error.h"
#include "cpu/random.h"
#include "ops/ops.h"
#include "tests/emulator/device_array.h"
#if GG_TEST_ON_EMULATOR
#include "tests/emulator/emulator_fixture.h"
#endif

namespace gg::testing {
namespace {

constexpr Device kDevice = Device::GG_TEST_DEVICE;
constexpr PhiloxState kState{42, (uint64_t{1} << 32) - 3, 7};  // a counter that carries

using DeviceRandom = DeviceTest;

/// fill(array, state) on both devices, in several shapes and layouts; the bits must agree.
template <class OnDevice, class OnCpu>
void expect_same(DType type, const OnDevice& there, const OnCpu& here) {
  auto compare = [&](const char* what, const Shape& shape, Tensor (*view)(const Tensor&)) {
    SCOPED_TRACE(str(what, " ", shape, " ", name_of(type)));
    Tensor a = zeros(shape, {type, kDevice}), b = zeros(shape, {type});
    there(view(a).array(), &kState);
    here(view(b).array(), &kState);
    visit_any(type, [&]<class T>() {
      EXPECT_EQ(a.to_vector<T>(), b.to_vector<T>());
      if constexpr (std::is_floating_point_v<T>) {
        for (T x : a.to_vector<T>()) ASSERT_EQ(x, x);
      }
    });
  };
  const auto same = [](const Tensor& t) { return t; };
  for (int64_t n : {0, 1, 2, 3, 5, 127, 1000, 20011}) compare("dense", {n}, same);
  compare("matrix", {7, 9}, same);
  compare("shifted", {70}, [](const Tensor& t) { return slice(t, 0, 1, 70); });
  compare("transposed", {7, 9}, [](const Tensor& t) { return transpose(t); });
  compare("sliced", {7, 9}, [](const Tensor& t) { return slice(t, 1, 1, 9, 2); });
}

TEST_F(DeviceRandom, UniformAndNormal) {
  for (DType type : {f32, f64}) {
    expect_same(type, device::random_uniform, cpu::random_uniform);
    expect_same(type, device::random_normal, cpu::random_normal);
  }
}

TEST_F(DeviceRandom, DropoutIsTheFactorTimesTheDrawsOfBernoulli) {
  auto compare = [&](const char* what, const Tensor& x, const Tensor& out, double keep) {
    SCOPED_TRACE(str(what, " ", x.shape(), " ", name_of(x.dtype()), " ", keep));
    Tensor mask = zeros(x.shape(), {x.dtype()}), here = empty_like(x);
    cpu::random_bernoulli(mask.array(), &kState, keep);
    cpu::random_dropout(here.array(), x.array(), &kState, keep);
    const Tensor there = to(x, kDevice);
    device::random_dropout(out.array(), there.array(), &kState, keep);
    const Tensor expected = x * (mask / keep);
    visit_floating(x.dtype(), "test", [&]<class T>() {
      EXPECT_EQ(here.to_vector<T>(), expected.to_vector<T>());
      EXPECT_EQ(out.to_vector<T>(), expected.to_vector<T>());
    });
  };
  for (DType type : {f32, f64}) {
    const TensorOptions here{type}, there{type, kDevice};
    for (int64_t n : {0, 1, 3, 4, 127, 20011}) compare("dense", rand({n}, here), zeros({n}, there), 0.3);
    compare("shifted", slice(rand({70}, here), 0, 1, 70), slice(zeros({70}, there), 0, 1, 70), 0.5);
    compare("transposed input", transpose(rand({9, 7}, here)), zeros({7, 9}, there), 0.5);
    compare("transposed output", rand({7, 9}, here), transpose(zeros({9, 7}, there)), 0.5);
    compare("repeated input", expand(rand({1}, here), {64}), zeros({64}, there), 1.0);
  }
}

TEST_F(DeviceRandom, NoiseIsOnePlusTheDrawsOfUniformOrNormal) {
  for (Noise kind : {Noise::uniform, Noise::normal}) {
    auto compare = [&](const char* what, const Tensor& x, const Tensor& out) {
      SCOPED_TRACE(str(what, " ", x.shape(), " ", name_of(x.dtype()), kind == Noise::uniform ? " uniform" : " normal"));
      constexpr double width = 0.3;
      Tensor drawn = zeros(x.shape(), {x.dtype()}), here = empty_like(x);
      const bool uniform = kind == Noise::uniform;
      (uniform ? cpu::random_uniform : cpu::random_normal)(drawn.array(), &kState);
      cpu::random_noise(here.array(), x.array(), &kState, kind, width);
      const Tensor there = to(x, kDevice);
      device::random_noise(out.array(), there.array(), &kState, kind, width);
      const Tensor expected = x * (uniform ? drawn * (2 * width) + (1 - width) : drawn * width + 1);
      visit_floating(x.dtype(), "test", [&]<class T>() {
        EXPECT_EQ(here.to_vector<T>(), expected.to_vector<T>());
        EXPECT_EQ(out.to_vector<T>(), expected.to_vector<T>());
      });
    };
    for (DType type : {f32, f64}) {
      const TensorOptions here{type}, there{type, kDevice};
      for (int64_t n : {0, 1, 3, 4, 127, 20011}) compare("dense", rand({n}, here), zeros({n}, there));
      compare("shifted", slice(rand({70}, here), 0, 1, 70), slice(zeros({70}, there), 0, 1, 70));
      compare("transposed input", transpose(rand({9, 7}, here)), zeros({7, 9}, there));
      compare("transposed output", rand({7, 9}, here), transpose(zeros({9, 7}, there)));
    }
  }
}

TEST_F(DeviceRandom, BernoulliInEveryType) {
  for (double p : {0.0, 0.3, 1.0}) {
    for (DType type : {f32, f64, i64, boolean}) {
      expect_same(
          type, [p](Array a, const PhiloxState* s) { device::random_bernoulli(a, s, p); },
          [p](Array a, const PhiloxState* s) { cpu::random_bernoulli(a, s, p); });
    }
  }
}

TEST_F(DeviceRandom, Integers) {
  for (auto [low, high] : {std::pair<int64_t, int64_t>{-2, 3}, {0, 1}, {INT64_MIN, INT64_MAX}}) {
    expect_same(
        i64, [=](Array a, const PhiloxState* s) { device::random_integers(a, s, low, high); },
        [=](Array a, const PhiloxState* s) { cpu::random_integers(a, s, low, high); });
  }
}

TEST_F(DeviceRandom, PermutationsAreTheSequentialShuffle) {
  auto check = [] {
    for (int64_t n : {0, 1, 2, 3, 10, 127, 1000, 20011}) {
      SCOPED_TRACE(n);
      Tensor a = zeros({n}, {i64, kDevice}), b = zeros({n}, {i64});
      device::random_permutation(a.array(), &kState);
      cpu::random_permutation(b.array(), &kState);
      ASSERT_EQ(a.to_vector<int64_t>(), b.to_vector<int64_t>());
    }
    Tensor a = zeros({50, 2}, {i64, kDevice}), b = zeros({50, 2}, {i64});
    device::random_permutation(select(a, 1, 1).array(), &kState);
    cpu::random_permutation(select(b, 1, 1).array(), &kState);
    EXPECT_EQ(a.to_vector<int64_t>(), b.to_vector<int64_t>());
  };
#if GG_TEST_ON_EMULATOR
  for (emulator::Schedule schedule : emulator::kSchedules) {
    SCOPED_TRACE(emulator::to_string(schedule));
    emulator::options().schedule = schedule;
    check();
    if (kThreadSanitizer) break;
  }
  emulator::options() = {};
  EXPECT_TRUE(emulator::take_diagnostics().empty());
#else
  check();
#endif
}

TEST_F(DeviceRandom, WrongArgumentsAreRefused) {
  Tensor integers = zeros({3}, {i64, kDevice}), numbers = zeros({3}, {f32, kDevice});
  EXPECT_THROW(device::random_uniform(integers.array(), &kState), Error);
  EXPECT_THROW(device::random_normal(integers.array(), &kState), Error);
  EXPECT_THROW(device::random_bernoulli(numbers.array(), &kState, 1.5), Error);
  EXPECT_THROW(device::random_integers(numbers.array(), &kState, 0, 2), Error);
  EXPECT_THROW(device::random_integers(integers.array(), &kState, 2, 2), Error);
  EXPECT_THROW(device::random_permutation(numbers.array(), &kState), Error);
}

}  // namespace
}  // namespace gg::testing
