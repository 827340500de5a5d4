// Reductions on the device against the CPU's, over all the forms in which the launcher cuts the work.
#include "cuda/reduce_kernels.h"

#include <limits>

#include "cpu/reduce.h"
#include "tests/emulator/device_tensors.h"

namespace gg::testing {
namespace {

class Reduce : public KernelTest {
 protected:
  static Shape reduced(Shape shape, const std::vector<int>& axes) {
    for (int a : axes) shape[a] = 1;
    return shape;
  }

  static void check_sum(const Pair& x, const std::vector<int>& axes) {
    SCOPED_TRACE(str("sum of ", x.host.dtype(), " ", x.host.shape(), " over ", axes.size(), " axes from ",
                     axes.empty() ? -1 : axes[0]));
    const DType type = x.host.dtype() == boolean ? i64 : x.host.dtype();
    Pair out(zeros(reduced(x.host.shape(), axes), {type}));
    cpu::sum(out.host.array(), x.host.array());
    device::sum(out.device.array(), x.device.array());
    const auto each = static_cast<double>(x.host.numel()) / std::max<double>(1, static_cast<double>(out.host.numel()));
    expect_close(out, is_floating(type) ? tolerance_of(type) : 0, 10 + std::sqrt(each));
  }

  static void check_var(const Pair& x, const std::vector<int>& axes) {
    SCOPED_TRACE(str("var of ", x.host.dtype(), " ", x.host.shape(), " over ", axes.size(), " axes from ",
                     axes.empty() ? -1 : axes[0]));
    Pair out(full(reduced(x.host.shape(), axes), 77, {x.host.dtype()}));
    cpu::var(out.host.array(), x.host.array(), 3.5);
    device::var(out.device.array(), x.device.array(), 3.5);
    expect_close(out, 10 * tolerance_of(x.host.dtype()), 1);
  }

  static void check_extremes(const Pair& x, int axis) {
    SCOPED_TRACE(str("extremes of ", x.host.dtype(), " ", x.host.shape(), " along ", axis));
    const Shape shape = reduced(x.host.shape(), {axis});
    for (bool largest : {true, false}) {
      Pair values(zeros(shape, {x.host.dtype()})), indices(zeros(shape, {i64}));
      (largest ? cpu::max : cpu::min)(values.host.array(), indices.host.array(), x.host.array(), axis);
      (largest ? device::max : device::min)(values.device.array(), indices.device.array(), x.device.array(), axis);
      expect_equal(values);
      expect_equal(indices);
    }
  }

  static Pair transposed(const Pair& x) {
    return x.view([](const Tensor& t) { return transpose(t, 0, -1); });
  }
  static Pair sliced(const Pair& x) {
    return x.view([](const Tensor& t) { return slice(t, -1, 1, kEnd, 2); });
  }
};

TEST_F(Reduce, SumsOverInnerAxesTakeLanesABlockOrParts) {
  under_schedules([] {
    for (auto [outputs, each] : {std::pair<int64_t, int64_t>{1, 1},
                                 {300, 1},
                                 {259, 3},
                                 {67, 10},
                                 {33, 33},
                                 {9, 131},
                                 {5, 257},     // a block each
                                 {1030, 261},  // many: a warp each
                                 {3, 1027},
                                 {2, 20011},  // parts
                                 {1, 33333}}) {
      check_sum(Pair(randn({outputs, each})), {1});
    }
  });
}

TEST_F(Reduce, SumsOverOuterAxesTakeNeighbouringColumnsTogether) {
  under_schedules([] {
    for (auto [each, outputs] : {std::pair<int64_t, int64_t>{1, 5},
                                 {3, 515},   // one thread a column
                                 {17, 131},  // two
                                 {71, 67},   // eight
                                 {50, 3},    // few columns: many threads each
                                 {1001, 35},
                                 {20011, 3},  // parts
                                 {9000, 33}}) {
      check_sum(Pair(randn({each, outputs})), {0});
    }
  });
}

TEST_F(Reduce, VariancesInAllForms) {
  under_schedules([] {
    for (const Shape& shape : {Shape{1, 1},
                               {300, 1},
                               {67, 10},
                               {9, 131},
                               {5, 257},
                               {3, 1027},
                               {2, 20011},
                               {515, 3},
                               {1001, 35},
                               {20011, 2}}) {
      for (int axis : {0, 1}) check_var(Pair(randn(shape) + 3), {axis});
    }
  });
}

TEST_F(Reduce, VariancesKeepTheirDigitsBesideALargeMean) {
  for (const Shape& shape : {Shape{4, 3001}, {3001, 4}}) {
    const Tensor small = randn(shape), large = small + 4096;
    for (int axis : {0, 1}) {
      Pair out(zeros(reduced(shape, {axis})));
      const double each = static_cast<double>(shape[axis]);
      device::var(out.device.array(), to(large, kTestDevice).array(), each);
      cpu::var(out.host.array(), (large - 4096).array(), each);
      expect_close(out, 1e-5, 0);
    }
  }
}

TEST_F(Reduce, VariancesOfNothingAreZeroAndNanAndInfinityGiveNan) {
  check_var(Pair(zeros({0, 3})), {0});
  check_var(Pair(zeros({3, 0, 2})), {0, 1});
  check_var(Pair(full({3, 700}, 0.1f)), {1});
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  const Pair x(from_vector<float>({1, inf, 2, -inf, inf, 3, nan, 1, 2, 1, 1, -inf}, {4, 3}));
  for (int axis : {0, 1}) check_var(x, {axis});
}

TEST_F(Reduce, AnyTypeAnyAxesAnyLayout) {
  for (DType type : {f32, f64, i64, boolean}) {
    const Tensor numbers = type == boolean ? lt(randn({5, 7, 6, 11}), zeros({}))
                           : type == i64   ? randint(-1000, 1000, {5, 7, 6, 11})
                                           : randn({5, 7, 6, 11}, {type});
    const Pair x(numbers);
    const Pair channels_last = x.view([](const Tensor& t) { return permute(t, {0, 3, 1, 2}); });
    for (const Pair& p : {x, transposed(x), sliced(x), channels_last}) {
      for (const std::vector<int>& axes : std::vector<std::vector<int>>{
               {}, {0}, {1}, {2}, {3}, {0, 1}, {0, 2}, {1, 3}, {0, 2, 3}, {1, 2, 3}, {0, 1, 2, 3}}) {
        check_sum(p, axes);
        if (is_floating(type)) check_var(p, axes);
      }
    }
    check_sum(Pair(slice(numbers, 0, 0, 1)).view([](const Tensor& t) { return expand(t, {9, 7, 6, 11}); }), {0, 2});
  }
}

TEST_F(Reduce, SumsOfNothingAreZero) {
  check_sum(Pair(zeros({0, 3})), {0});
  check_sum(Pair(zeros({3, 0})), {1});
  check_sum(Pair(zeros({3, 0, 2})), {0, 1});
  check_sum(Pair(zeros({3, 0}, {i64})), {0});  // no outputs
  check_sum(Pair(zeros({})), {});
}

TEST_F(Reduce, IntegersWrapAround) {
  const int64_t big = std::numeric_limits<int64_t>::max();
  check_sum(Pair(from_vector<int64_t>({big, big, 5, -big}, {2, 2})), {0});
}

TEST_F(Reduce, NanAndInfinityPass) {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  const Pair x(from_vector<float>({1, inf, 2, -inf, inf, 3, nan, 1, 2, 1, 1, -inf}, {4, 3}));
  check_sum(x, {1});
  check_sum(x, {0});
  for (int axis : {0, 1}) check_extremes(x, axis);
}

TEST_F(Reduce, SumsOfAMillionFloatsKeepSixDigits) {
  const int64_t n = 1000003;
  const Pair x(rand({n}));
  double exact = 0;
  for (float v : x.host.to_vector<float>()) exact += static_cast<double>(v);
  const Tensor out = to(zeros({1}), kTestDevice);
  device::sum(out.array(), x.device.array());
  EXPECT_NEAR(out.item(), exact, 1e-7 * exact);
}

TEST_F(Reduce, ManyPartsOfOneOutputAreTakenByABlock) {
  const int64_t n = 257 * 32 * 256 + 5;  // 257 parts
  const Pair x(randint(0, 1000, {n}));
  check_sum(x, {0});
  check_extremes(x, 0);
}

TEST_F(Reduce, RepeatsBitByBit) {
  const Tensor x = to(randn({20011, 3}), kTestDevice);
  for (const Shape& shape : {Shape{1, 3}, Shape{20011, 1}, Shape{1, 1}}) {
    std::vector<std::vector<float>> seen;
    under_schedules([&] {
      const Tensor out = to(zeros(shape), kTestDevice);
      device::sum(out.array(), x.array());
      seen.push_back(out.to_vector<float>());
      device::var(out.array(), x.array(), 1);
      for (float v : out.to_vector<float>()) seen.back().push_back(v);
      EXPECT_EQ(seen.front(), seen.back());
    });
  }
}

TEST_F(Reduce, ExtremesGiveTheFirstOfEqualsAndNanFirst) {
  under_schedules([] {
    for (DType type : {f32, f64, i64}) {
      for (const Shape& shape : {Shape{1, 1}, {70, 9}, {5, 300}, {300, 5}, {3, 2100}, {2, 40001}, {40001, 2}}) {
        const Pair x(few_values(shape, type));
        for (int axis : {0, 1}) check_extremes(x, axis);
        if (shape.numel() > 10000) continue;
        for (int axis : {0, 1}) check_extremes(transposed(x), axis);
      }
    }
  });
  for (DType type : {f32, f64}) {
    const Tensor x = few_values({6, 1500}, type);
    const Tensor nan = full({}, std::numeric_limits<double>::quiet_NaN(), {type});
    const Pair with_nan(where(eq(x, full({}, 3, {type})), nan, x));
    for (int axis : {0, 1}) check_extremes(with_nan, axis);
    check_extremes(sliced(with_nan), 1);
    check_extremes(Pair(full({3, 500}, -std::numeric_limits<double>::infinity(), {type})), 1);
    check_extremes(Pair(full({3, 500}, std::numeric_limits<double>::quiet_NaN(), {type})), 0);
  }
}

TEST_F(Reduce, ExtremesMayLeaveOutAnOutput) {
  const Pair x(randn({4, 50}));
  const Tensor values = to(zeros({4, 1}), kTestDevice), indices = to(zeros({4, 1}, {i64}), kTestDevice);
  device::max(values.array(), Array{nullptr, i64, {}, {}}, x.device.array(), -1);
  device::max(Array{nullptr, f32, {}, {}}, indices.array(), x.device.array(), -1);
  EXPECT_EQ(values.to_vector<float>(), max(x.host, 1).to_vector<float>());
  EXPECT_EQ(indices.to_vector<int64_t>(), argmax(x.host, 1).to_vector<int64_t>());
}

TEST_F(Reduce, WrongArgumentsAreRefused) {
  const Tensor x = to(zeros({4, 0}), kTestDevice), y = to(zeros({4, 1}), kTestDevice);
  EXPECT_THROW(device::max(y.array(), Array{nullptr, i64, {}, {}}, x.array(), 1), Error);  // empty axis
  EXPECT_THROW(device::sum(x.array(), y.array()), Error);
  EXPECT_THROW(device::sum(to(zeros({4, 1}, {i64}), kTestDevice).array(), y.array()), Error);
  EXPECT_THROW(device::var(x.array(), y.array(), 1), Error);
  EXPECT_THROW(device::var(to(zeros({4, 1}, {f64}), kTestDevice).array(), y.array(), 1), Error);
  Array far = y.array();
  far.strides[0] = int64_t{1} << 30;
  EXPECT_THROW(device::sum(y.array(), far), Error);  // four elements that reach 2^31
}

}  // namespace
}  // namespace gg::testing
