// Shared and device memory, launches and copies: planted accesses and arguments that must be found.
#include <cstring>
#include <vector>

#include "cuda/platform.h"
#include "tests/emulator/device_array.h"
#include "tests/emulator/emulator_fixture.h"

namespace gg::emulated {
namespace {

__global__ void write_kernel(int* out, int index) { out[index] = 1; }
__global__ void read_kernel(const int* in, int* out, int index) { *out = in[index]; }

__global__ void static_shared_kernel(int* out, int index) {
  GG_SHARED(int, first, [5]);
  GG_SHARED(int, second, [3]);
  first[0] = 1;
  second[0] = 2;
  int* start = first;
  start[index] = 7;
  *out = first[0] + second[0];
}

__global__ void dynamic_shared_kernel(int* out, int index) {
  GG_DYN_SHARED(int, row);
  row[index] = 7;
  *out = row[index];
}

__global__ void unwritten_shared_kernel(float* out) {
  GG_SHARED(float, tile, [8]);
  *out = tile[3];
}

template <int kNumber>
__global__ void instantiated_kernel(int* out) {
  GG_SHARED(int, cell, [1]);
  GG_SHARED(int, other, [1]);
  cell[0] = kNumber;
  other[0] = 10 * kNumber;
  *out = cell[0] + other[0];
}

__global__ void greedy_kernel(int* out) {
  GG_SHARED(double, big, [6145]);
  big[0] = 1;
  *out = 1;
}

class DeviceMemory : public testing::EmulatorTest {};

TEST_F(DeviceMemory, SharedArraysAreApartAndAsLarge) {
  testing::DeviceArray<int> out(1);
  launch("static_shared", static_shared_kernel, 1, 1, 0, out.data(), 4);
  EXPECT_EQ(out.host()[0], 3);
  launch("dynamic_shared", dynamic_shared_kernel, 1, 1, 5 * sizeof(int), out.data(), 4);
  EXPECT_EQ(out.host()[0], 7);
  launch("one", instantiated_kernel<1>, 1, 1, 0, out.data());
  EXPECT_EQ(out.host()[0], 11);
  launch("two", instantiated_kernel<2>, 1, 1, 0, out.data());
  EXPECT_EQ(out.host()[0], 22);
}

TEST_F(DeviceMemory, StaticSharedArrayOnePastTheEnd) {
  testing::DeviceArray<int> out(1);
  auto run = [&] {
    launch("static_shared", static_shared_kernel, 1, 1, 0, out.data(), 5);
    cudaDeviceSynchronize();
  };
  if (testing::kAddressSanitizer) {
    EXPECT_DEATH(run(), "use-after-poison|out of bounds");
  } else {
    run();
    EXPECT_CONTAINS(take_only_diagnostic(), "past the end of shared array 'first'");
  }
}

TEST_F(DeviceMemory, DynamicSharedArrayOnePastTheEnd) {
  testing::DeviceArray<int> out(1);
  auto run = [&] {
    launch("dynamic_shared", dynamic_shared_kernel, 1, 1, 5 * sizeof(int), out.data(), 5);
    cudaDeviceSynchronize();
  };
  if (testing::kAddressSanitizer) {
    EXPECT_DEATH(run(), "use-after-poison");
  } else {
    run();
    EXPECT_CONTAINS(take_only_diagnostic(), "past the end of shared array 'dynamic'");
  }
}

TEST_F(DeviceMemory, UnwrittenMemoryHoldsPoison) {
  on_every_schedule([&] {
    testing::DeviceArray<float> out(1), untouched(3);
    launch("unwritten", unwritten_shared_kernel, 1, 1, 0, out.data());
    EXPECT_FALSE(std::abs(out.host()[0]) < 3e38f);  // NaN or huge
    EXPECT_FALSE(std::abs(untouched.host()[2]) < 3e38f);
  });
}

TEST_F(DeviceMemory, MoreSharedMemoryThanABlockHas) {
  testing::DeviceArray<int> out(1);
  launch("greedy", greedy_kernel, 1, 1, 0, out.data());
  EXPECT_EQ(cudaDeviceSynchronize(), cudaErrorLaunchFailure);
  EXPECT_CONTAINS(take_only_diagnostic(), "shared array 'big' of 49160 bytes does not fit");
  EXPECT_THROW(launch("dynamic", dynamic_shared_kernel, 1, 1, 49153, out.data(), 0), Error);
  take_only_diagnostic();
}

TEST_F(DeviceMemory, DeviceMemoryOnePastTheEnd) {
  if (!testing::kAddressSanitizer) GTEST_SKIP() << "needs the AddressSanitizer build";
  testing::DeviceArray<int> data(std::vector<int>(5, 0)), out(1);
  auto run = [&](auto start) {
    start();
    cudaDeviceSynchronize();
  };
  EXPECT_DEATH(run([&] { launch("write", write_kernel, 1, 1, 0, data.data(), 5); }), "heap-buffer-overflow");
  EXPECT_DEATH(run([&] { launch("read", read_kernel, 1, 1, 0, data.data(), out.data(), -1); }), "heap-buffer-overflow");
}

TEST_F(DeviceMemory, TheHostMayNotTouchDeviceMemory) {
  if (!testing::kAddressSanitizer) GTEST_SKIP() << "needs the AddressSanitizer build";
  testing::DeviceArray<int> data(std::vector<int>(5, 0));
  auto sneak = [&] { std::exit(*static_cast<volatile int*>(data.data())); };
  EXPECT_DEATH(sneak(), "use-after-poison");
  launch("write", write_kernel, 1, 1, 0, data.data(), 2);  // and not after work either
  cudaDeviceSynchronize();
  EXPECT_DEATH(sneak(), "use-after-poison");
}

TEST_F(DeviceMemory, FreedPointersAreRefused) {
  int* p = static_cast<int*>(allocate(20));
  release(p);
  EXPECT_THROW(launch("write", write_kernel, 1, 1, 0, p, 0), Error);  // no longer device memory
  take_only_diagnostic();
}

TEST_F(DeviceMemory, HostPointersAreRefused) {
  testing::DeviceArray<int> out(1);
  int on_the_host[2] = {};
  try {
    launch("read", read_kernel, 1, 1, 0, on_the_host, out.data(), 0);
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_CONTAINS(std::string(error.what()), "kernel read");
    EXPECT_CONTAINS(std::string(error.what()), "pointer argument 1");
    EXPECT_CONTAINS(std::string(error.what()), "is not device memory");
  }
  take_only_diagnostic();
}

TEST_F(DeviceMemory, ImpossibleShapesAreRefused) {
  testing::DeviceArray<int> out(1);
  for (auto [grid, block] :
       {std::pair<dim3, dim3>{1, 2048}, {1, dim3(32, 32, 2)}, {1, dim3(1, 1, 65)}, {1, 0u}, {dim3(1, 65536), 1}}) {
    try {
      launch("write", write_kernel, grid, block, 0, out.data(), 0);
      ADD_FAILURE() << "nothing was thrown";
    } catch (const Error& error) {
      EXPECT_CONTAINS(std::string(error.what()), "cudaErrorInvalidConfiguration");
    }
    take_only_diagnostic();
  }
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
}

TEST_F(DeviceMemory, AnEmptyGridIsNothingToDo) {
  launch("write", write_kernel, 0, 64, 0, nullptr, 0);
  EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
}

TEST_F(DeviceMemory, CopiesMustStayInsideAndSayTheirDirection) {
  testing::DeviceArray<int> data(4);
  std::vector<int> host(8, 1);
  EXPECT_EQ(cudaMemcpy(data.data(), host.data(), 20, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_CONTAINS(take_only_diagnostic(), "copy of 20 bytes leaves the allocation");
  EXPECT_EQ(cudaMemcpy(host.data(), data.data() + 2, 12, cudaMemcpyDeviceToHost), cudaErrorInvalidValue);
  take_only_diagnostic();
  EXPECT_EQ(cudaMemcpy(host.data(), data.data(), 8, cudaMemcpyHostToDevice), cudaErrorInvalidMemcpyDirection);
  EXPECT_CONTAINS(take_only_diagnostic(), "the memory is device to host");
  EXPECT_EQ(cudaMemset(data.data() + 1, 0, 16), cudaErrorInvalidValue);
  take_only_diagnostic();
  EXPECT_EQ(cudaFree(data.data() + 1), cudaErrorInvalidValue);
  take_only_diagnostic();
}

TEST_F(DeviceMemory, ExhaustionIsNotAFault) {
  const MemoryInfo before = memory_info();  // what libraries have taken for good is not free
  emulator::options().memory_bytes = before.total - before.free + (1 << 20);
  EXPECT_EQ(allocate(2 << 20), nullptr);
  void* p = allocate(1 << 19);
  ASSERT_NE(p, nullptr);
  const MemoryInfo info = memory_info();
  EXPECT_EQ(info.total, emulator::options().memory_bytes);
  EXPECT_EQ(info.free, size_t{1} << 19);
  release(p);
}

}  // namespace
}  // namespace gg::emulated
