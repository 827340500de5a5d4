// What an observer of kernel calls is shown (core/dispatch.h).
#include <gtest/gtest.h>

#include "autograd/raw.h"
#include "core/dispatch.h"
#include "core/grad_mode.h"
#include "ops/ops.h"
#include "optim/optim.h"

namespace gg {
namespace {

struct Seen {
  std::string kernel;
  Device device;
  std::vector<Array> operands;
  bool begin;
};
std::vector<Seen> seen;

class Observer : public testing::Test {
 protected:
  Observer() {
    seen.clear();
    kernel_observer = [](const KernelCall& call, bool begin) {
      seen.push_back({call.kernel, call.device, {call.operands.begin(), call.operands.end()}, begin});
    };
  }
  ~Observer() override { kernel_observer = nullptr; }

  // The beginning and the end of the only call.
  static void expect_call(const char* kernel, const std::vector<Tensor>& operands) {
    ASSERT_EQ(seen.size(), 2u);
    EXPECT_TRUE(seen[0].begin);
    EXPECT_FALSE(seen[1].begin);
    for (const Seen& s : seen) {
      EXPECT_EQ(s.kernel, kernel);
      EXPECT_EQ(s.device, operands[0].device());
      ASSERT_EQ(s.operands.size(), operands.size());
      for (size_t i = 0; i < operands.size(); ++i) {
        EXPECT_EQ(s.operands[i].data, operands[i].array().data) << i;
        EXPECT_EQ(s.operands[i].dtype, operands[i].dtype()) << i;
      }
    }
    seen.clear();
  }
};

TEST_F(Observer, SeesElementwiseCalls) {
  NoGrad off;
  Tensor a = ones({2, 3}), b = ones({3});
  Tensor numbers = ones({2, 3}, {i64}), flags = eq(numbers, numbers);
  seen.clear();
  Tensor y = a * a;  // small and packed
  expect_call("mul", {y, a, a});
  y = a + b;  // broadcast
  expect_call("add", {y, a, b});
  y = sigmoid(transpose(a));
  expect_call("sigmoid", {y, a});
  y = where(flags, a, a);
  expect_call("where", {y, flags, a, a});
  y = to(a, i64);
  expect_call("copy", {y, a});
}

TEST_F(Observer, SeesParametersGradientsAndStateOfOptimizers) {
  for (Device device : {Device(Device::cpu), Device(Device::emulated)}) {
    if (!is_available(device)) continue;
    const std::vector<Tensor> parameters{ones({2, 3}, {f32, device}).requires_grad_(),
                                         ones({4}, {f32, device}).requires_grad_()};
    optim::SGD optimizer(parameters, {.lr = 0.1, .momentum = 0.9});
    (sum(square(parameters[0])) + sum(parameters[1] * 3.0)).backward();
    optimizer.step();  // makes the state
    seen.clear();
    optimizer.step();
    ASSERT_EQ(seen.size(), 2u);
    for (const Seen& s : seen) {
      EXPECT_EQ(s.kernel, "sgd");
      EXPECT_EQ(s.device, device);
      ASSERT_EQ(s.operands.size(), 6u);
      for (size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(s.operands[3 * i].data, parameters[i].array().data);
        EXPECT_EQ(s.operands[3 * i + 1].data, parameters[i].grad().array().data);
        for (size_t k = 3 * i; k < 3 * i + 3; ++k) EXPECT_EQ(s.operands[k].shape, (Shape{parameters[i].numel()}));
      }
    }
    if (device.type != Device::cpu) continue;
    // The third of each is the state: gradient · (1 + momentum) after two steps of the same gradient.
    EXPECT_FLOAT_EQ(seen[1].operands[2].as<const float>()[5], 2 * 1.9f);
    EXPECT_FLOAT_EQ(seen[1].operands[5].as<const float>()[3], 3 * 1.9f);
  }
}

TEST_F(Observer, SeesLargeOperandsTurnedThatRunAcrossTheOthers) {
  NoGrad off;
  for (Device device : {Device(Device::cpu), Device(Device::emulated)}) {
    if (!is_available(device)) continue;
    Tensor x = rand({270, 250}, {f32, device}), y = transpose(rand({250, 270}, {f32, device})),
           column = rand({270, 1}, {f32, device});
    const auto a = x.to_vector<float>(), b = y.to_vector<float>();
    seen.clear();
    Tensor sum = x + y;
    ASSERT_EQ(seen.size(), 4u);
    EXPECT_EQ(seen[0].kernel, "copy");
    EXPECT_EQ(seen[2].kernel, "add");
    EXPECT_EQ(seen[2].operands[2].strides[1], 1);
    EXPECT_TRUE(sum.is_contiguous());
    const auto c = sum.to_vector<float>();
    for (size_t i = 0; i < c.size(); ++i) ASSERT_EQ(c[i], a[i] + b[i]) << i;
    seen.clear();
    x + column;                                 // repeats, but does not run across
    slice(x, 0, 0, 100) + slice(y, 0, 0, 100);  // small
    EXPECT_EQ(seen.size(), 4u);
  }
}

TEST_F(Observer, SeesOtherKernels) {
  NoGrad off;
  Tensor a = ones({2, 3});
  seen.clear();
  Tensor y = clone(a);
  expect_call("copy", {y, a});
  y = softmax(a, 1);
  expect_call("softmax_forward", {y, a});
  y = rand({3});
  expect_call("random_uniform", {y});
}

TEST_F(Observer, SeesDevices) {
  if (!is_available(Device::emulated)) GTEST_SKIP() << "this build has no emulated device";
  NoGrad off;
  Tensor a = ones({2, 3}, {f32, Device::emulated});
  seen.clear();
  Tensor y = a * a;
  expect_call("mul", {y, a, a});
  y = softmax(a, 1);
  expect_call("softmax_forward", {y, a});
}

TEST_F(Observer, SeesTheEndOfCallsThatThrow) {
  Array a;
  EXPECT_THROW(
      {
        KernelScope scope("broken", Device(), [&] { return arrays_among(a, 3, a, std::vector<Array>{a}); });
        fail("broken");
      },
      Error);
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].operands.size(), 3u);
  EXPECT_FALSE(seen[1].begin);
}

}  // namespace
}  // namespace gg
