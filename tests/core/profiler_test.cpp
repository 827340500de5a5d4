// core/profiler.h: what is counted, and the two ways of saying it.
#include "core/profiler.h"

#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <thread>

#include "ops/ops.h"
#include "tests/errors.h"

namespace gg {
namespace {

TEST(Profiler, CountsCallsAndBytes) {
  const Tensor a = ones({1000, 500}), row = ones({500});
  const Profiler profiler;
  const Tensor y = sigmoid(a + row);
  sigmoid(y);
  const Profile profile = profiler.profile();
  ASSERT_EQ(profile.totals.size(), 2u);
  double seconds = 0;
  for (const KernelTotal& t : profile.totals) {
    EXPECT_EQ(t.device, "cpu");
    EXPECT_GT(t.seconds, 0);
    seconds += t.seconds;
    if (t.kernel == "add") {
      EXPECT_EQ(t.calls, 1);
      EXPECT_EQ(t.bytes, 4 * (2 * 500000 + 500));  // the row once
    } else {
      EXPECT_EQ(t.kernel, "sigmoid");
      EXPECT_EQ(t.calls, 2);
      EXPECT_EQ(t.bytes, 4 * 4 * 500000);
    }
  }
  EXPECT_GE(profile.totals[0].seconds, profile.totals[1].seconds);
  EXPECT_LE(seconds, profile.seconds);
  ASSERT_EQ(profile.events.size(), 3u);
  EXPECT_EQ(profile.events[0].kernel, "add");
  EXPECT_EQ(profile.events[0].shapes, "[1000,500] [1000,500] [1000,500]");
  EXPECT_LE(profile.events[0].start + profile.events[0].seconds, profile.events[1].start + 1e-9);
  EXPECT_GE(profile.peak_bytes, 3 * 4 * 500000 - (64 << 10));
}

TEST(Profiler, SeesDevices) {
  if (!is_available(Device::emulated)) GTEST_SKIP();
  const Tensor x = to(ones({100}), Device::emulated);
  const Profiler profiler;
  exp(x);
  const Profile profile = profiler.profile();
  ASSERT_EQ(profile.totals.size(), 1u);
  EXPECT_EQ(profile.totals[0].kernel, "exp");
  EXPECT_EQ(profile.totals[0].device, "emulated");
}

TEST(Profiler, TellsATableAndATrace) {
  const Tensor a = ones({8, 4});
  const Profiler profiler;
  matmul(a, transpose(a));
  exp(a);
  const Profile profile = profiler.profile();
  const std::string table = to_table(profile);
  for (const char* part : {"kernel", "matmul", "exp", "all kernels", "GB/s", "outside of kernels"}) {
    EXPECT_NE(table.find(part), std::string::npos) << part << "\n" << table;
  }
  const auto trace = nlohmann::json::parse(to_chrome_trace(profile));
  ASSERT_EQ(trace["traceEvents"].size(), 2u);
  EXPECT_EQ(trace["traceEvents"][0]["name"], "matmul");
  EXPECT_EQ(trace["traceEvents"][0]["args"]["shapes"], "[8,8] [8,4] [4,8]");
  EXPECT_EQ(trace["traceEvents"][1]["ph"], "X");
  EXPECT_GE(trace["traceEvents"][1]["dur"], 0);
}

TEST(Profiler, WithoutKernelsSaysSo) {
  const Profiler profiler;
  EXPECT_EQ(nlohmann::json::parse(to_chrome_trace(profiler.profile()))["traceEvents"].size(), 0u);
  EXPECT_NE(to_table(profiler.profile()).find("all kernels"), std::string::npos);
}

TEST(Profiler, FaultsOfADeviceAreErrorsOfTheCaller) {
  if (!is_available(Device::emulated)) GTEST_SKIP();
  const Tensor x = to(ones({4, 3}), Device::emulated), index = to(full({2}, 9, {i64}), Device::emulated);
  {
    const Profiler profiler;
    index_select(x, 0, index);
    expect_error([&] { profiler.profile(); }, "9");
  }
  EXPECT_EQ(to(x, Device::cpu).to_vector<float>()[0], 1);
}

TEST(Profiler, BeginsAndEndsWhileOthersWork) {
  std::atomic<bool> stop = false;
  std::thread worker([&] {
    const Tensor a = ones({64});
    while (!stop) exp(a + a);
  });
  for (int i = 0; i < 300; ++i) {
    const Profiler profiler;
    for (const KernelEvent& e : profiler.profile().events) EXPECT_GE(e.start, 0);
  }
  stop = true;
  worker.join();
}

TEST(Profiler, ThereIsOneAtATime) {
  const Tensor a = ones({3});
  {
    const Profiler profiler;
    expect_error([] { Profiler second; }, "end the other profiler");
  }
  const Profiler again;
  exp(a);
  EXPECT_EQ(again.profile().totals.size(), 1u);
}

}  // namespace
}  // namespace gg
