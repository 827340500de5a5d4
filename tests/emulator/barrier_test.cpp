// Block barriers and warp operations: that they work, and that each planted mistake is found and named.
#include <numeric>
#include <vector>

#include "cuda/platform.h"
#include "cuda/reduce.cuh"
#include "tests/emulator/device_array.h"
#include "tests/emulator/emulator_fixture.h"

// Kernels with a data race are reported by ThreadSanitizer itself, which ends the process.
#if defined(__SANITIZE_THREAD__)
#define EXPECT_RACE(statement) EXPECT_DEATH(statement, "data race")
extern "C" const char* __tsan_default_options() { return "halt_on_error=1:atexit_sleep_ms=0"; }
#endif

namespace gg::emulated {
namespace {

constexpr int kThreads = 96;

// ---- Sound kernels ----

__global__ void reverse_kernel(const int* in, int* out) {
  GG_SHARED(int, tile, [kThreads]);
  const int t = static_cast<int>(threadIdx.x), base = static_cast<int>(blockIdx.x * blockDim.x);
  tile[t] = in[base + t];
  __syncthreads();
  out[base + t] = tile[kThreads - 1 - t];
}

__global__ void two_sums_kernel(const float* in, float* out, bool leading_barrier) {
  auto add = [](float a, float b) { return a + b; };
  GG_SHARED(float, partial, [kThreads / 32]);
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  auto sum = [&](float value) {
    value = warp_reduce(value, add);
    if (leading_barrier) __syncthreads();
    if (lane == 0) partial[warp] = value;
    __syncthreads();
    return warp_reduce(lane < kThreads / 32 ? partial[lane] : 0.0f, add);
  };
  const float value = in[blockIdx.x * blockDim.x + threadIdx.x];
  const float first = sum(value), second = sum(2 * value);
  out[blockIdx.x * blockDim.x + threadIdx.x] = second - first;
}

__global__ void warp_kernel(unsigned* out) {
  const unsigned lane = threadIdx.x % 32, full = 0xffffffffu;
  unsigned* mine = out + threadIdx.x * 10;
  mine[0] = __shfl_sync(full, lane, 5);
  mine[1] = __shfl_up_sync(full, lane, 3);
  mine[2] = __shfl_down_sync(full, lane, 3);
  mine[3] = __shfl_xor_sync(full, lane, 7);
  mine[4] = __ballot_sync(full, lane % 3 == 0);
  mine[5] = static_cast<unsigned>(__any_sync(full, lane == 9)) +
            2u * static_cast<unsigned>(__all_sync(full, lane < 32)) +
            4u * static_cast<unsigned>(__all_sync(full, lane != 9));
  mine[6] = __shfl_down_sync(full, lane, 1, 8);
  const unsigned half = lane < 16 ? 0x0000ffffu : 0xffff0000u;
  mine[7] = __shfl_xor_sync(half, lane, 1);  // two operations at one line at the same time
  __syncwarp(half);
  mine[8] = static_cast<unsigned>(__syncthreads_count(threadIdx.x < 40));
  mine[9] = static_cast<unsigned>(__syncthreads_or(threadIdx.x == 63)) +
            2u * static_cast<unsigned>(__syncthreads_and(threadIdx.x < 63));
}

__global__ void count_kernel(int* counters, int n) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < n) {
    atomicAdd(&counters[0], 1);
    atomicMax(&counters[1], i);
  }
}

__global__ void index_kernel(int* out) {
  const unsigned block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
  const unsigned thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
  out[block * (blockDim.x * blockDim.y * blockDim.z) + thread] =
      static_cast<int>(threadIdx.x + 10 * threadIdx.y + 100 * threadIdx.z + 1000 * blockIdx.x + 10000 * blockIdx.y +
                       100000 * blockIdx.z);
}

// ---- Planted mistakes ----

__global__ void missing_barrier_kernel(const float* in, float* out) {
  GG_SHARED(float, tile, [kThreads]);
  tile[threadIdx.x] = in[threadIdx.x];
  out[threadIdx.x] = tile[(threadIdx.x + 40) % kThreads];
}

[[maybe_unused]] __global__ void lost_update_kernel(float* sum) { *sum += 1; }

__global__ void divergent_barrier_kernel(int* out) {
  if (threadIdx.x < 32) {
    __syncthreads();
  } else {
    __syncthreads();
  }
  out[threadIdx.x] = 1;
}

__global__ void early_exit_kernel(int* out, int n) {
  if (static_cast<int>(threadIdx.x) >= n) return;
  __syncthreads();
  out[threadIdx.x] = 1;
}

__global__ void half_warp_shuffle_kernel(int* out) {
  if (threadIdx.x < 16) out[threadIdx.x] = __shfl_down_sync(0xffffffffu, static_cast<int>(threadIdx.x), 1);
}

__global__ void wrong_mask_kernel(int* out) {
  out[threadIdx.x] = __shfl_down_sync(0x0000ffffu, static_cast<int>(threadIdx.x), 1);
}

__global__ void different_operations_kernel(int* out) {
  const int value = static_cast<int>(threadIdx.x);
  if (threadIdx.x < 16) {
    out[threadIdx.x] = __shfl_down_sync(0xffffffffu, value, 1);
  } else {
    out[threadIdx.x] = __shfl_up_sync(0xffffffffu, value, 1);
  }
}

__global__ void partly_called_reduction_kernel(float* out) {
  if (threadIdx.x < 72) {
    out[threadIdx.x] = block_reduce<kThreads>(1.0f, 0.0f, [](float a, float b) { return a + b; });
  }
}

__global__ void outside_mask_kernel(float* out) {
  if (threadIdx.x < 16) out[threadIdx.x] = __shfl_xor_sync(0x0000ffffu, 1.0f, 16);
}

__global__ void throwing_kernel(int*) { throw std::runtime_error("no such luck"); }

class Barriers : public testing::EmulatorTest {};

TEST_F(Barriers, ASoundKernelIsRightInEveryOrder) {
  std::vector<int> in(4 * kThreads);
  std::iota(in.begin(), in.end(), 0);
  on_every_schedule([&] {
    testing::DeviceArray<int> from(in), to(in.size());
    launch("reverse", reverse_kernel, 4, kThreads, 0, from.data(), to.data());
    const auto out = to.host();
    for (int b = 0; b < 4; ++b) {
      for (int t = 0; t < kThreads; ++t) {
        ASSERT_EQ(out[static_cast<size_t>(b * kThreads + t)], b * kThreads + kThreads - 1 - t);
      }
    }
  });
}

TEST_F(Barriers, BothSumsOfTwoReductionsAreRight) {
  on_every_schedule([&] {
    testing::DeviceArray<float> in(std::vector<float>(2 * kThreads, 1.0f)), out(2 * kThreads);
    launch("two_sums", two_sums_kernel, 2, kThreads, 0, in.data(), out.data(), true);
    EXPECT_EQ(out.host(), std::vector<float>(2 * kThreads, static_cast<float>(kThreads)));
  });
}

TEST_F(Barriers, WarpOperationsGiveWhatCudaPromises) {
  on_every_schedule([&] {
    testing::DeviceArray<unsigned> device(640);
    launch("warp", warp_kernel, 1, 64, 0, device.data());
    const auto out = device.host();
    for (unsigned t = 0; t < 64; ++t) {
      const unsigned lane = t % 32;
      const unsigned* mine = &out[t * 10];
      EXPECT_EQ(mine[0], 5u);
      EXPECT_EQ(mine[1], lane < 3 ? lane : lane - 3);
      EXPECT_EQ(mine[2], lane > 28 ? lane : lane + 3);
      EXPECT_EQ(mine[3], lane ^ 7u);
      EXPECT_EQ(mine[4], 0x49249249u);
      EXPECT_EQ(mine[5], 3u);
      EXPECT_EQ(mine[6], lane % 8 == 7 ? lane : lane + 1);
      EXPECT_EQ(mine[7], lane ^ 1u);
      EXPECT_EQ(mine[8], 40u);
      EXPECT_EQ(mine[9], 1u);
    }
  });
}

TEST_F(Barriers, AtomicsCountEveryThread) {
  on_every_schedule([&] {
    testing::DeviceArray<int> counters(std::vector<int>{0, -1});
    launch("count", count_kernel, 7, 33, 0, counters.data(), 200);
    EXPECT_EQ(counters.host(), (std::vector<int>{200, 199}));
  });
}

TEST_F(Barriers, EveryThreadHasItsIndices) {
  on_every_schedule([&] {
    testing::DeviceArray<int> device(2 * 3 * 2 * 5 * 3 * 2);
    launch("index", index_kernel, dim3(2, 3, 2), dim3(5, 3, 2), 0, device.data());
    const auto out = device.host();
    size_t i = 0;
    for (int bz = 0; bz < 2; ++bz) {
      for (int by = 0; by < 3; ++by) {
        for (int bx = 0; bx < 2; ++bx) {
          for (int z = 0; z < 2; ++z) {
            for (int y = 0; y < 3; ++y) {
              for (int x = 0; x < 5; ++x) {
                ASSERT_EQ(out[i++], x + 10 * y + 100 * z + 1000 * bx + 10000 * by + 100000 * bz);
              }
            }
          }
        }
      }
    }
  });
}

TEST_F(Barriers, AMissingBarrierGivesPoisonInEveryOrder) {
  testing::DeviceArray<float> in(std::vector<float>(kThreads, 1.0f)), out(kThreads);
  auto run = [&] {
    launch("missing_barrier", missing_barrier_kernel, 1, kThreads, 0, in.data(), out.data());
    return out.host();
  };
#if defined(EXPECT_RACE)
  EXPECT_RACE(run());
#else
  on_every_schedule([&] { EXPECT_NE(run(), std::vector<float>(kThreads, 1.0f)); });
#endif
}

TEST_F(Barriers, AMissingBarrierBetweenTwoReductionsShowsInSomeOrder) {
  testing::DeviceArray<float> in(std::vector<float>(2 * kThreads, 1.0f)), out(2 * kThreads);
  auto run = [&] {
    launch("two_sums", two_sums_kernel, 2, kThreads, 0, in.data(), out.data(), false);
    return out.host();
  };
#if defined(EXPECT_RACE)
  EXPECT_RACE(run());
#else
  int wrong = 0;
  on_every_schedule([&] { wrong += run() != std::vector<float>(2 * kThreads, static_cast<float>(kThreads)); });
  EXPECT_GT(wrong, 0);
#endif
}

TEST_F(Barriers, APlainAdditionOfManyThreadsIsARace) {
#if defined(EXPECT_RACE)
  testing::DeviceArray<float> sum(std::vector<float>{0});
  auto run = [&](int blocks, int threads) {
    launch("lost_update", lost_update_kernel, static_cast<unsigned>(blocks), static_cast<unsigned>(threads), 0,
           sum.data());
    cudaDeviceSynchronize();
  };
  EXPECT_RACE(run(1, 2));
  EXPECT_RACE(run(2, 1));  // across blocks
#else
  GTEST_SKIP() << "only the ThreadSanitizer build sees it: threads do not pre-empt one another here";
#endif
}

TEST_F(Barriers, ThreadsMeetingAtDifferentBarriersAreNamed) {
  on_every_schedule([&] {
    testing::DeviceArray<int> out(64);
    launch("divergent", divergent_barrier_kernel, 1, 64, 0, out.data());
    EXPECT_EQ(cudaDeviceSynchronize(), cudaErrorLaunchFailure);
    const std::string text = take_only_diagnostic();
    EXPECT_CONTAINS(text, "kernel divergent, block (0,0,0)");
    EXPECT_CONTAINS(text, "meet at different barriers");
    EXPECT_CONTAINS(text, "tests/emulator/barrier_test.cpp:");
  });
}

TEST_F(Barriers, AnEarlyReturnBeforeABarrierIsFoundInStrictMode) {
  on_every_schedule([&] {
    testing::DeviceArray<int> out(64);
    launch("early_exit", early_exit_kernel, 1, 64, 0, out.data(), 50);
    EXPECT_EQ(cudaDeviceSynchronize(), cudaErrorLaunchFailure);
    EXPECT_CONTAINS(take_only_diagnostic(),
                    "14 threads exited while 50 wait at the barrier tests/emulator/barrier_test");
  });
}

TEST_F(Barriers, AnEarlyReturnIsAllowedOtherwise) {
  emulator::options().strict_exit = false;
  testing::DeviceArray<int> out(std::vector<int>(64, 0));
  launch("early_exit", early_exit_kernel, 1, 64, 0, out.data(), 50);
  const auto values = out.host();
  EXPECT_EQ(std::accumulate(values.begin(), values.end(), 0), 50);
}

TEST_F(Barriers, AFullMaskShuffleOfHalfAWarpNeverCompletes) {
  on_every_schedule([&] {
    testing::DeviceArray<int> out(32);
    launch("half_warp", half_warp_shuffle_kernel, 1, 32, 0, out.data());
    EXPECT_EQ(cudaDeviceSynchronize(), cudaErrorLaunchFailure);
    const std::string text = take_only_diagnostic();
    EXPECT_CONTAINS(text, "never completes in warp 0: lane mask 0xffffffff, but only lanes 0x0000ffff came");
    EXPECT_CONTAINS(text, "16 have returned");
  });
}

TEST_F(Barriers, AReductionCalledByPartOfTheBlockNeverCompletes) {
  testing::DeviceArray<float> out(kThreads);
  launch("partly_called", partly_called_reduction_kernel, 1, kThreads, 0, out.data());
  EXPECT_EQ(cudaDeviceSynchronize(), cudaErrorLaunchFailure);
  EXPECT_CONTAINS(take_only_diagnostic(), "never completes in warp 2: lane mask 0xffffffff, but only lanes 0x000000ff");
}

TEST_F(Barriers, ALaneOutsideItsOwnMaskIsNamed) {
  testing::DeviceArray<int> out(32);
  launch("wrong_mask", wrong_mask_kernel, 1, 32, 0, out.data());
  EXPECT_EQ(cudaDeviceSynchronize(), cudaErrorLaunchFailure);
  EXPECT_CONTAINS(take_only_diagnostic(), "with mask 0x0000ffff, which does not name it");
}

TEST_F(Barriers, DifferentWarpOperationsUnderOneMaskAreNamed) {
  testing::DeviceArray<int> out(32);
  launch("different", different_operations_kernel, 1, 32, 0, out.data());
  EXPECT_EQ(cudaDeviceSynchronize(), cudaErrorLaunchFailure);
  EXPECT_CONTAINS(take_only_diagnostic(), "different warp operations");
}

TEST_F(Barriers, ReadingALaneOutsideTheMaskGivesNan) {
  testing::DeviceArray<float> out(16);
  launch("outside_mask", outside_mask_kernel, 1, 32, 0, out.data());
  for (float value : out.host()) EXPECT_TRUE(std::isnan(value));
}

TEST_F(Barriers, AnExceptionInAKernelIsReported) {
  testing::DeviceArray<int> out(1);
  launch("throwing", throwing_kernel, 1, 32, 0, out.data());
  EXPECT_EQ(cudaDeviceSynchronize(), cudaErrorLaunchFailure);
  EXPECT_CONTAINS(take_only_diagnostic(), "no such luck");
}

TEST_F(Barriers, AfterAFaultTheDeviceIsLostUntilCleared) {
  testing::DeviceArray<int> out(64);
  launch("early_exit", early_exit_kernel, 1, 64, 0, out.data(), 50);
  EXPECT_EQ(cudaDeviceSynchronize(), cudaErrorLaunchFailure);
  EXPECT_EQ(cudaGetLastError(), cudaErrorLaunchFailure);
  EXPECT_EQ(cudaGetLastError(), cudaErrorLaunchFailure);
  EXPECT_THROW(launch("index", index_kernel, 1, 64, 0, out.data()), Error);
  take_only_diagnostic();
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  launch("index", index_kernel, 1, 64, 0, out.data());
  EXPECT_EQ(out.host()[63], 63);
}

TEST_F(Barriers, TheErrorOfASynchronousLaunchNamesTheKernel) {
  synchronous_launches() = true;
  testing::DeviceArray<int> out(64);
  try {
    launch("early_exit", early_exit_kernel, 1, 64, 0, out.data(), 50);
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_CONTAINS(std::string(error.what()), "kernel early_exit with grid (1,1,1), block (64,1,1)");
    EXPECT_CONTAINS(std::string(error.what()), "14 threads exited");
  }
  synchronous_launches() = false;
  take_only_diagnostic();
}

}  // namespace
}  // namespace gg::emulated
