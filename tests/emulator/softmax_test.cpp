// Softmax and its relatives on the device: values against a long double reference, the rest against the CPU's kernels,
// at sizes that are no multiple of anything.
#include "cuda/softmax.h"

#include <limits>

#include "cpu/softmax.h"
#include "tests/emulator/device_tensors.h"

namespace gg::testing {
namespace {

using Shapes = std::vector<std::pair<int64_t, int64_t>>;

class Softmax : public KernelTest {
 protected:
  static constexpr double kInf = std::numeric_limits<double>::infinity();
  static constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

  static std::vector<double> softmax_of(const std::vector<double>& x) {
    long double max = -std::numeric_limits<long double>::infinity(), sum = 0;
    for (double v : x) max = std::max<long double>(max, v);
    for (double v : x) sum += std::exp(v - max);
    std::vector<double> y;
    for (double v : x) y.push_back(static_cast<double>(std::exp(v - max) / sum));
    return y;
  }

  static Tensor forward(const Tensor& x) {
    const Tensor out = to(empty(x.shape(), {x.dtype()}), kTestDevice);
    device::softmax_forward(out.array(), to(x, kTestDevice).array());
    return out;
  }

  /// All five kernels against the CPU's.
  static void check(const Pair& x) {
    SCOPED_TRACE(str(x.host.dtype(), " ", x.host.shape()));
    const DType type = x.host.dtype();
    const double tolerance = tolerance_of(type);
    const Pair g(randn(x.host.shape(), {type}));
    const Tensor blank = full(x.host.shape(), 77, {type});
    for (bool logarithm : {false, true}) {
      Pair y(blank), dx(blank);
      (logarithm ? cpu::log_softmax_forward : cpu::softmax_forward)(y.host.array(), x.host.array());
      (logarithm ? device::log_softmax_forward : device::softmax_forward)(y.device.array(), x.device.array());
      expect_close(y, tolerance, logarithm ? 10 : 0.01);
      const Pair same(y.host);
      (logarithm ? cpu::log_softmax_backward : cpu::softmax_backward)(dx.host.array(), g.host.array(), y.host.array());
      (logarithm ? device::log_softmax_backward : device::softmax_backward)(dx.device.array(), g.device.array(),
                                                                            same.device.array());
      expect_close(dx, 10 * tolerance, 1);
    }
    Pair lse(full(x.host.shape().part(0, x.host.rank() - 1), 77, {type}));
    cpu::logsumexp(lse.host.array(), x.host.array());
    device::logsumexp(lse.device.array(), x.device.array());
    expect_close(lse, tolerance, 10);
  }
};

TEST_F(Softmax, AgreesWithTheReferenceAtAwkwardSizes) {
  under_schedules([] {
    for (DType type : {f32, f64}) {
      for (auto [rows, cols] : Shapes{{1, 1},
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
        const Tensor x = randn({rows, cols}, {type}) * 5.0;
        const auto y = doubles(forward(x)), values = doubles(x);
        for (int64_t r = 0; r < rows; ++r) {
          const auto row = values.begin() + r * cols;
          const auto expected = softmax_of({row, row + cols});
          for (int64_t c = 0; c < cols; ++c) {
            ASSERT_NEAR(y[r * cols + c], expected[c], (type == f32 ? 3e-6 : 1e-14) * expected[c] + 1e-300)
                << rows << " x " << cols << " at " << r << "," << c;
          }
        }
      }
    }
  });
}

TEST_F(Softmax, AgreesWithTheCpu) {
  under_schedules([] {
    for (DType type : {f32, f64}) {
      for (auto [rows, cols] : Shapes{{1, 1}, {70, 3}, {35, 10}, {9, 100}, {2, 1000}, {3, 1030}, {1, 2600}}) {
        check(Pair(randn({rows, cols}, {type}) * 3.0));
      }
    }
  });
}

TEST_F(Softmax, AnyLayout) {
  for (DType type : {f32, f64}) {
    const Pair x(randn({4, 9, 6, 7}, {type}));
    check(x);
    check(x.view([](const Tensor& t) { return transpose(t, 1, -1); }));
    check(x.view([](const Tensor& t) { return slice(t, -1, 1, kEnd, 2); }));
    check(x.view([](const Tensor& t) { return expand(slice(t, 1, 2, 3), {4, 5, 6, 7}); }));
    check(Pair(randn({13}, {type})));
  }
  // Over the channels of an image with many pixels: one thread a row.
  check(Pair(randn({2, 11, 1100})).view([](const Tensor& t) { return transpose(t, 1, 2); }));
}

TEST_F(Softmax, ContiguousRowsStayInRegisters) {
  under_schedules([] {
    for (DType type : {f32, f64}) {
      // A few lanes, a warp, a block, and beyond its registers; the last step of a thread whole or not.
      for (auto [rows, cols] : Shapes{{70, 4}, {35, 64}, {9, 260}, {3, 512}, {3, 516}, {5, 1024}, {3, 1028}}) {
        check(Pair(randn({rows, cols}, {type}) * 3.0));
      }
    }
  });
  for (DType type : {f32, f64}) {
    for (int64_t cols : {4096, 4100, 8192, 8196}) check(Pair(randn({2, cols}, {type}) * 3.0));
    const Pair wide(randn({6, 72}, {type}));
    check(wide.view([](const Tensor& t) { return slice(t, 1, 4, 68); }));
    check(wide.view([](const Tensor& t) { return slice(t, 1, 1, 65); }));                          // no row is aligned
    check(Pair(randn({6, 66}, {type})).view([](const Tensor& t) { return slice(t, 1, 0, 64); }));  // some are
    check(Pair(randn({3, 4, 64}, {type})).view([](const Tensor& t) { return slice(t, 1, 0, 3); }));
    check(Pair(randn({3, 4, 64}, {type})).view([](const Tensor& t) { return transpose(t, 0, 1); }));
  }
}

TEST_F(Softmax, FewRowsThatLieSideBySideGoByColumns) {
  under_schedules([] {
    for (DType type : {f32, f64}) {
      for (auto [cols, rows] : Shapes{{64, 2}, {100, 37}, {1500, 40}, {9000, 3}}) {
        check(Pair(randn({cols, rows}, {type}) * 3.0).view([](const Tensor& t) { return transpose(t, 0, 1); }));
      }
    }
  });
  check(Pair(randn({3, 130, 5, 7})).view([](const Tensor& t) { return transpose(t, 1, 3); }));
  check(Pair(randn({200, 12})).view([](const Tensor& t) { return transpose(slice(t, 1, 0, kEnd, 3), 0, 1); }));
  for (double special : {kInf, -kInf, kNan}) {
    Tensor x = randn({70, 6});
    x = where(eq(x, max(x, 0, {.keepdim = true})), full({}, special, {f32}), x);
    check(Pair(x).view([](const Tensor& t) { return transpose(t, 0, 1); }));
  }
  check(Pair(full({70, 6}, -kInf)).view([](const Tensor& t) { return transpose(t, 0, 1); }));
}

TEST_F(Softmax, HugeInputsDoNotOverflow) {
  for (DType type : {f32, f64}) {
    const double huge = type == f32 ? std::numeric_limits<float>::max() : std::numeric_limits<double>::max();
    const Tensor x = to(tensor({{huge, huge, -huge, 0}}, {f64}), type);
    EXPECT_EQ(doubles(forward(x)), (std::vector<double>{0.5, 0.5, 0, 0}));
    check(Pair(x));
  }
}

TEST_F(Softmax, MinusInfinityIsZeroUnlessTheRowHasNothingElse) {
  for (int64_t cols : {40, 41, 1500, 1501, 2601, 8200}) {  // by lanes, a block, beyond its registers
    std::vector<double> x(static_cast<size_t>(3 * cols), -kInf);
    x[7] = x[39] = 2;                              // row 0: two equal elements; row 1: nothing but -inf
    x[static_cast<size_t>(2 * cols + 1)] = -3000;  // row 2: one finite element
    const Tensor rows = from_vector(x, {3, cols});
    const auto y = doubles(forward(rows));
    for (int64_t c = 0; c < cols; ++c) {
      EXPECT_EQ(y[static_cast<size_t>(c)], c == 7 || c == 39 ? 0.5 : 0.0);
      EXPECT_TRUE(std::isnan(y[static_cast<size_t>(cols + c)]));
      EXPECT_EQ(y[static_cast<size_t>(2 * cols + c)], c == 1 ? 1.0 : 0.0);
    }
    check(Pair(rows));
    check(Pair(to(rows, f32)));
  }
}

TEST_F(Softmax, NanAndInfinitySpoilTheirRowOnly) {
  for (double bad : {kNan, kInf}) {
    for (int64_t cols : {40, 1500}) {
      auto x = doubles(randn({2, cols}, {f64}));
      x[static_cast<size_t>(cols - 1)] = bad;
      const auto y = doubles(forward(from_vector(x, {2, cols})));
      for (int64_t c = 0; c < cols; ++c) {
        EXPECT_TRUE(std::isnan(y[static_cast<size_t>(c)]));
        EXPECT_FALSE(std::isnan(y[static_cast<size_t>(cols + c)]));
      }
      check(Pair(from_vector(x, {2, cols})));
    }
  }
  check(Pair(tensor({{kInf, kNan, 0}, {kInf, -kInf, kInf}, {-kInf, kNan, -kInf}}, {f64})));
}

TEST_F(Softmax, MayWorkInPlace) {
  for (int64_t cols : {33, 1100, 2600}) {
    const Tensor x = randn({2, cols}), both = to(x, kTestDevice);
    device::softmax_forward(both.array(), both.array());
    EXPECT_EQ(both.to_vector<float>(), forward(x).to_vector<float>());
  }
}

TEST_F(Softmax, TheRowsOfABatchDoNotChangeARow) {
  for (int64_t cols : {10, 300, 1500}) {
    const Tensor x = randn({7, cols});
    EXPECT_EQ(slice(forward(x), 0, 3, 4).to_vector<float>(), forward(slice(x, 0, 3, 4)).to_vector<float>());
  }
}

TEST_F(Softmax, EmptySizesAreNothingToDo) {
  for (const Shape& shape : {Shape{0, 5}, Shape{5, 0}, Shape{0, 5000}}) check(Pair(zeros(shape)));
}

TEST_F(Softmax, WrongArgumentsAreRefused) {
  const Tensor a = to(zeros({2, 3}), kTestDevice), b = to(zeros({3, 2}), kTestDevice), s = to(zeros({}), kTestDevice);
  EXPECT_THROW(device::softmax_forward(a.array(), b.array()), Error);
  EXPECT_THROW(device::softmax_forward(s.array(), s.array()), Error);
  EXPECT_THROW(device::logsumexp(a.array(), a.array()), Error);
  EXPECT_THROW(device::softmax_backward(a.array(), to(zeros({2, 3}, {f64}), kTestDevice).array(), a.array()), Error);
  Array long_row = a.array();
  long_row.shape = {1, int64_t{1} << 31};
  EXPECT_THROW(device::softmax_forward(long_row, long_row), Error);
}

}  // namespace
}  // namespace gg::testing
