// Row softmax on the device against a long double reference, at sizes that are no multiple of anything.
#include "cuda/softmax.h"

#include <cmath>
#include <limits>
#include <random>

#include "core/error.h"
#include "tests/emulator/device_array.h"

#if GG_TEST_ON_EMULATOR
#include "tests/emulator/emulator_fixture.h"
#endif

namespace gg::testing {
namespace {

template <class T>
std::vector<T> reference(const std::vector<T>& x, int64_t rows, int64_t cols) {
  std::vector<T> y(x.size());
  for (int64_t r = 0; r < rows; ++r) {
    const T* row = x.data() + r * cols;
    long double max = -std::numeric_limits<long double>::infinity(), sum = 0;
    for (int64_t c = 0; c < cols; ++c) max = std::max<long double>(max, row[c]);
    for (int64_t c = 0; c < cols; ++c) sum += std::exp(static_cast<long double>(row[c]) - max);
    for (int64_t c = 0; c < cols; ++c) {
      y[static_cast<size_t>(r * cols + c)] = static_cast<T>(std::exp(static_cast<long double>(row[c]) - max) / sum);
    }
  }
  return y;
}

template <class T>
std::vector<T> random_values(int64_t n, double scale) {
  std::mt19937 engine(7);
  std::normal_distribution<double> normal(0, scale);
  std::vector<T> values(static_cast<size_t>(n));
  for (T& v : values) v = static_cast<T>(normal(engine));
  return values;
}

template <class T>
class Softmax : public DeviceTest {
 protected:
  /// Relative; a few roundings and exp's own.
  static constexpr double kTolerance = sizeof(T) == 4 ? 3e-6 : 1e-14;

  static std::vector<T> forward(const std::vector<T>& x, int64_t rows, int64_t cols) {
    DeviceArray<T> in(x), out(x.size());
    device::softmax_forward(in.data(), out.data(), rows, cols);
    return out.host();
  }

  static void check_sizes(int64_t rows, int64_t cols) {
    SCOPED_TRACE(str(rows, " x ", cols));
    const auto x = random_values<T>(rows * cols, 5), dy = random_values<T>(rows * cols, 1);
    const auto expected = reference(x, rows, cols), y = forward(x, rows, cols);
    DeviceArray<T> y_device(y), dy_device(dy), dx_device(y.size());
    device::softmax_backward(dy_device.data(), y_device.data(), dx_device.data(), rows, cols);
    const auto dx = dx_device.host();
    for (int64_t r = 0; r < rows; ++r) {
      long double dot = 0;
      for (int64_t c = 0; c < cols; ++c) {
        const auto i = static_cast<size_t>(r * cols + c);
        ASSERT_NEAR(y[i], expected[i], kTolerance * static_cast<double>(expected[i]) + 1e-300) << r << "," << c;
        dot += static_cast<long double>(dy[i]) * y[i];
      }
      for (int64_t c = 0; c < cols; ++c) {
        const auto i = static_cast<size_t>(r * cols + c);
        const auto want = static_cast<double>(y[i] * (dy[i] - dot));
        ASSERT_NEAR(dx[i], want, 10 * kTolerance * static_cast<double>(y[i])) << r << "," << c;
      }
    }
  }

  static void check_all_sizes() {
    for (auto [rows, cols] : {std::pair<int64_t, int64_t>{1, 1},
                              {5, 1},
                              {3, 2},
                              {7, 31},
                              {4, 32},
                              {9, 33},
                              {2, 100},
                              {1, 1024},
                              {3, 1025},
                              {2, 2047},
                              {1, 5003}}) {
      check_sizes(rows, cols);
    }
  }
};

using Types = ::testing::Types<float, double>;
TYPED_TEST_SUITE(Softmax, Types);

TYPED_TEST(Softmax, AgreesWithTheReferenceAtAwkwardSizes) {
#if GG_TEST_ON_EMULATOR
  for (emulator::Schedule schedule : emulator::kSchedules) {
    SCOPED_TRACE(emulator::to_string(schedule));
    emulator::options().schedule = schedule;
    this->check_all_sizes();
    if (kThreadSanitizer) break;  // it sees races whatever the order, and is slow
  }
  emulator::options() = {};
  EXPECT_TRUE(emulator::take_diagnostics().empty());
#else
  this->check_all_sizes();
#endif
}

TYPED_TEST(Softmax, HugeInputsDoNotOverflow) {
  const auto huge = std::numeric_limits<TypeParam>::max();
  const auto y = this->forward({huge, huge, -huge, 0}, 1, 4);
  EXPECT_EQ(y, (std::vector<TypeParam>{0.5, 0.5, 0, 0}));
}

TYPED_TEST(Softmax, MinusInfinityIsZeroUnlessTheRowHasNothingElse) {
  const auto inf = std::numeric_limits<TypeParam>::infinity();
  for (int64_t cols : {40, 1500}) {  // by a warp, by a block
    std::vector<TypeParam> x(static_cast<size_t>(3 * cols), -inf);
    x[7] = x[39] = 2;                              // row 0: two equal elements; row 1: nothing but -inf
    x[static_cast<size_t>(2 * cols + 1)] = -3000;  // row 2: one finite element
    const auto y = this->forward(x, 3, cols);
    for (int64_t c = 0; c < cols; ++c) {
      EXPECT_EQ(y[static_cast<size_t>(c)], c == 7 || c == 39 ? 0.5 : 0.0);
      EXPECT_TRUE(std::isnan(y[static_cast<size_t>(cols + c)]));
      EXPECT_EQ(y[static_cast<size_t>(2 * cols + c)], c == 1 ? 1.0 : 0.0);
    }
  }
}

TYPED_TEST(Softmax, NanAndInfinitySpoilTheirRowOnly) {
  for (TypeParam bad : {std::numeric_limits<TypeParam>::quiet_NaN(), std::numeric_limits<TypeParam>::infinity()}) {
    for (int64_t cols : {40, 1500}) {
      auto x = random_values<TypeParam>(2 * cols, 1);
      x[static_cast<size_t>(cols - 1)] = bad;
      const auto y = this->forward(x, 2, cols);
      for (int64_t c = 0; c < cols; ++c) {
        EXPECT_TRUE(std::isnan(y[static_cast<size_t>(c)]));
        EXPECT_FALSE(std::isnan(y[static_cast<size_t>(cols + c)]));
      }
    }
  }
}

TYPED_TEST(Softmax, MayWorkInPlace) {
  for (int64_t cols : {33, 1100}) {
    const auto x = random_values<TypeParam>(2 * cols, 3);
    DeviceArray<TypeParam> both(x);
    device::softmax_forward(both.data(), both.data(), 2, cols);
    EXPECT_EQ(both.host(), this->forward(x, 2, cols));
  }
}

TYPED_TEST(Softmax, EmptySizesAreNothingToDo) {
  TypeParam* none = nullptr;
  EXPECT_NO_THROW(device::softmax_forward(none, none, 0, 5));
  EXPECT_NO_THROW(device::softmax_forward(none, none, 5, 0));
  EXPECT_NO_THROW(device::softmax_backward(none, none, none, 0, 5000));
}

TYPED_TEST(Softmax, ImpossibleSizesAreRefused) {
  TypeParam* none = nullptr;
  EXPECT_THROW(device::softmax_forward(none, none, -1, 5), Error);
  EXPECT_THROW(device::softmax_backward(none, none, none, 1, int64_t{1} << 31), Error);
}

}  // namespace
}  // namespace gg::testing
