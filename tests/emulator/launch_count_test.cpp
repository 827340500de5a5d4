// Budgets of launches for whole training steps, counted on the emulated device.
#include "bench/launch_count.h"

#include <iostream>

#include "cuda/emulator/work_count.h"
#include "ops/ops.h"
#include "tests/emulator/emulator_fixture.h"

namespace gg::testing {
namespace {

class LaunchCount : public EmulatorTest {
 protected:
  void SetUp() override {
    EmulatorTest::SetUp();
    if (kThreadSanitizer) GTEST_SKIP() << "counts are the same without it, and come sooner";
  }

  /// Prints where the launches go.
  static int64_t count(const char* name, const bench::TrainingStep& step) {
    optim::AdamW optimizer(step.parameters, {.lr = 1e-3});
    const bench::Launches launches = bench::count_launches(step, optimizer);
    std::cout << name << ": " << launches.kernels << " kernels, " << launches.library_calls << " library calls";
    for (const auto& [kernel, times] : launches.names) std::cout << "; " << kernel << " " << times;
    std::cout << "\n";
    RecordProperty(name, static_cast<int>(launches.all()));
    return launches.all();
  }
};

TEST_F(LaunchCount, CountsWhatRuns) {
  Tensor x = full({4}, 2, {f32, Device::emulated});
  synchronize(Device::emulated);
  emulator::reset_work_count();
  Tensor y = x * x;
  Tensor z = matmul(full({2, 2}, 1, {f32, Device::emulated}), full({2, 2}, 1, {f32, Device::emulated}));
  synchronize(Device::emulated);
  const emulator::WorkCount count = emulator::work_count();
  EXPECT_EQ(count.kernels.count("mul"), 1u);
  EXPECT_EQ(count.total_library_calls(), 1);
  emulator::reset_work_count();
  EXPECT_EQ(emulator::work_count().total_kernels(), 0);
}

TEST_F(LaunchCount, OfAVaeStep) { EXPECT_LE(count("VAE", bench::vae_step(Device::emulated)), 60); }

TEST_F(LaunchCount, OfAnMlpStep) { EXPECT_LE(count("MLP", bench::mlp_step(Device::emulated)), 40); }

TEST_F(LaunchCount, OfAdamWForAnyNumberOfParameters) {
  for (int parameters : {1, 80, 81, 320, 321, 1000}) {
    const int64_t launches = bench::count_adamw_launches(parameters);
    std::cout << "AdamW, " << parameters << " parameters: " << launches << " kernels\n";
    EXPECT_GE(launches, 1) << parameters;
    EXPECT_LE(launches, 4) << parameters;
  }
}

}  // namespace
}  // namespace gg::testing
