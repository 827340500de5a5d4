// Tensors on the device under test beside the same tensors on the CPU, for tests that compare kernels.
#pragma once

#include <cmath>
#include <string>

#include "core/tensor.h"
#include "ops/ops.h"
#include "tests/emulator/device_array.h"

#if GG_TEST_ON_EMULATOR
#include "tests/emulator/emulator_fixture.h"
#endif

namespace gg::testing {

inline constexpr Device kTestDevice{Device::GG_TEST_DEVICE};

/// Calls body() under every schedule of the emulator; once on a GPU, and under ThreadSanitizer, which sees races
/// whatever the order.
template <class Body>
void under_schedules(Body body) {
#if GG_TEST_ON_EMULATOR
  if (!kThreadSanitizer) {
    for (emulator::Schedule schedule : emulator::kSchedules) {
      SCOPED_TRACE(emulator::to_string(schedule));
      emulator::options().schedule = schedule;
      body();
      if (::testing::Test::HasFatalFailure()) break;
    }
    emulator::options() = {};
    return;
  }
#endif
  body();
}

/// Skips where the device is missing; random numbers are the same whichever tests run.
class KernelTest : public DeviceTest {
 protected:
  void SetUp() override {
    DeviceTest::SetUp();
    manual_seed(7);
  }
};

/// Numbers on both sides. `view` makes the same view of both, so that kernels get the same layout.
struct Pair {
  Tensor host, device;
  Pair() = default;
  Pair(const Tensor& values) : host(clone(values)), device(to(values, kTestDevice)) {}
  template <class View>
  Pair view(View make) const {
    Pair p;
    p.host = make(host);
    p.device = make(device);
    return p;
  }
};

inline std::vector<double> doubles(const Tensor& t) {
  return visit_any(t.dtype(), [&]<class T>() {
    std::vector<double> values;
    for (auto v : t.to_vector<T>()) values.push_back(static_cast<double>(v));
    return values;
  });
}

/// Whether the device's numbers are the CPU's up to `tolerance`, relative to the larger of the number and `scale`;
/// infinities and NaN must stand where they stand.
inline void expect_close(const Pair& pair, double tolerance, double scale = 1) {
  ASSERT_EQ(pair.device.shape(), pair.host.shape());
  ASSERT_EQ(pair.device.dtype(), pair.host.dtype());
  const std::vector<double> got = doubles(pair.device), expected = doubles(pair.host);
  for (size_t i = 0; i < got.size(); ++i) {
    if (got[i] == expected[i] || (std::isnan(got[i]) && std::isnan(expected[i]))) continue;
    ASSERT_LE(std::fabs(got[i] - expected[i]), tolerance * std::max(scale, std::fabs(expected[i])))
        << "element " << i << " of " << to_string(pair.host.shape()) << ": got " << got[i] << ", expected "
        << expected[i];
  }
}

/// Bit by bit, but for the payload of NaN.
inline void expect_equal(const Pair& pair) { expect_close(pair, 0); }

/// As tests are told: float32 sums carry some roundings, float64 those of another order.
inline double tolerance_of(DType t) { return t == f32 ? 2e-6 : 1e-13; }

/// Elements as likely to be equal as not: for ties.
inline Tensor few_values(const Shape& shape, DType dtype) { return to(randint(-3, 4, shape), dtype); }

}  // namespace gg::testing
