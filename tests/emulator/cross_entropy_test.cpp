// Cross-entropy on the device against the CPU's, and how wrong targets are reported.
#include "cuda/cross_entropy.h"

#include <limits>

#include "cpu/softmax.h"
#include "tests/emulator/device_tensors.h"

namespace gg::testing {
namespace {

class CrossEntropy : public KernelTest {
 protected:
  static void check(const Pair& logits, const Pair& target, const SoftmaxCrossEntropyOptions& o) {
    const DType type = logits.host.dtype();
    const int64_t n = logits.host.size(0);
    SCOPED_TRACE(str(type, " ", logits.host.shape(), ", smoothing ", o.label_smoothing));
    const double tolerance = tolerance_of(type);
    const Tensor blank = full({n}, 77, {type});
    Pair loss(blank), lse(blank), dx(full(logits.host.shape(), 77, {type}));
    const Pair g(randn({n}, {type}));
    cpu::cross_entropy_forward(loss.host.array(), lse.host.array(), logits.host.array(), target.host.array(), o);
    device::cross_entropy_forward(loss.device.array(), lse.device.array(), logits.device.array(), target.device.array(),
                                  o);
    expect_close(loss, tolerance, 10);
    expect_close(lse, tolerance, 10);
    const Pair same(lse.host);
    cpu::cross_entropy_backward(dx.host.array(), g.host.array(), logits.host.array(), same.host.array(),
                                target.host.array(), o);
    device::cross_entropy_backward(dx.device.array(), g.device.array(), logits.device.array(), same.device.array(),
                                   target.device.array(), o);
    expect_close(dx, 3 * tolerance, 1);
  }

  static Pair classes(int64_t n, int64_t count) {
    std::vector<int64_t> t = randint(0, count, {n}).to_vector<int64_t>();
    for (size_t i = 3; i < t.size(); i += 4) t[i] = -100;
    return Pair(from_vector(t, {n}));
  }
};

TEST_F(CrossEntropy, AgreesWithTheCpu) {
  under_schedules([] {
    for (DType type : {f32, f64}) {
      for (auto [n, c] : {std::pair<int64_t, int64_t>{1, 1}, {300, 3}, {67, 10}, {9, 101}, {5, 1500}, {2, 2600}}) {
        const Pair x(randn({n, c}, {type}) * 3.0), t = classes(n, c);
        check(x, t, {});
        check(x, t, {.label_smoothing = 0.1});
      }
    }
  });
  check(Pair(randn({4, 5})), Pair(tensor({4, 2, 0, 2}, {i64})), {.label_smoothing = 1, .ignore_index = 2});
}

TEST_F(CrossEntropy, AnyLayout) {
  const Pair x(randn({13, 40}));
  const Pair t = classes(26, 13).view([](const Tensor& v) { return slice(v, 0, 0, kEnd, 2); });
  check(x, t, {.label_smoothing = 0.2});
  check(x.view([](const Tensor& v) { return slice(v, 1, 1, kEnd, 3); }), t, {});
  check(x.view([](const Tensor& v) { return transpose(v, 0, 1); }), classes(40, 13), {});
  check(Pair(randn({7, 2500})).view([](const Tensor& v) { return transpose(v, 0, 1); }), classes(2500, 7), {});
}

TEST_F(CrossEntropy, LargeLogitsCostNoDigits) {  // only differences to the largest count
  const Tensor x = to(tensor({{2000, 1990, 1991}, {90000, 89999, 89998}}), kTestDevice);
  const Tensor t = to(tensor({0, 2}, {i64}), kTestDevice);
  const Tensor loss = to(zeros({2}), kTestDevice), lse = to(zeros({2}), kTestDevice);
  device::cross_entropy_forward(loss.array(), lse.array(), x.array(), t.array(), {});
  const auto values = doubles(loss);
  EXPECT_NEAR(values[0], std::log1p(std::exp(-10.0) + std::exp(-9.0)), 2e-7);
  EXPECT_NEAR(values[1], 2 + std::log1p(std::exp(-1.0) + std::exp(-2.0)), 5e-7);
}

TEST_F(CrossEntropy, NanAndInfinityAsOnTheCpu) {
  const double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  const Tensor x = tensor({{inf, 1, 0}, {1, inf, 0}, {nan, 0, 1}, {-inf, 0, 1}, {-inf, -inf, -inf}, {1e30, 0, -1e30}});
  for (const SoftmaxCrossEntropyOptions& o : {SoftmaxCrossEntropyOptions{}, {.ignore_index = 0}}) {
    check(Pair(x), Pair(zeros({6}, {i64})), o);
  }
}

TEST_F(CrossEntropy, EmptySizesAreNothingToDo) { check(Pair(zeros({0, 5})), Pair(zeros({0}, {i64})), {}); }

TEST_F(CrossEntropy, AWrongTargetIsReportedWhenTheLossIsRead) {
  const Tensor x = to(randn({5, 3}), kTestDevice), loss = to(zeros({5}), kTestDevice),
               lse = to(zeros({5}), kTestDevice);
  const Tensor dx = to(zeros({5, 3}), kTestDevice);
  auto text_of = [&](auto&& act) -> std::string {
    try {
      act();
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  for (int64_t wrong : {3, -1}) {
    const Tensor t = to(tensor({0, 1, double(wrong), 2, -100}, {i64}), kTestDevice);
    const std::string expected = str("cross_entropy: target ", wrong,
                                     " of row 2 is not a class: expected 0 to 2, or ignore_index, which is -100");
    device::cross_entropy_forward(loss.array(), lse.array(), x.array(), t.array(), {});
    EXPECT_EQ(text_of([&] { loss.to_vector<float>(); }), expected);
    const auto values = loss.to_vector<float>();  // once is enough; the device works on
    for (int i = 0; i < 5; ++i) EXPECT_EQ(std::isnan(values[i]), i == 2);

    device::cross_entropy_backward(dx.array(), loss.array(), x.array(), lse.array(), t.array(), {});
    EXPECT_EQ(text_of([] { device::synchronize(); }), expected);
    const auto gradient = dx.to_vector<float>();
    for (int i = 0; i < 15; ++i) EXPECT_EQ(std::isnan(gradient[i]), i / 3 == 2);
  }
}

TEST_F(CrossEntropy, WrongArgumentsAreRefused) {
  const Tensor x = to(zeros({2, 3}), kTestDevice), t = to(zeros({2}), kTestDevice);
  EXPECT_THROW(device::cross_entropy_forward(t.array(), t.array(), x.array(), t.array(), {}), Error);
}

}  // namespace
}  // namespace gg::testing
