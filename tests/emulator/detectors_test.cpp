// What only the compiler's sanitizers see in kernels, and rarer mistakes of warp operations: each planted, each found.
// The others are in barrier_test.cpp, memory_test.cpp and stream_test.cpp.
#include <vector>

#include "cuda/platform.h"
#include "tests/emulator/device_array.h"
#include "tests/emulator/emulator_fixture.h"

namespace gg::emulated {
namespace {

constexpr int kThreads = 64;

// Lane by lane into shared memory and out again; `ordered` or not.
__global__ void neighbour_kernel(const int* in, int* out, bool ordered) {
  GG_SHARED(int, cell, [kThreads]);
  const int t = static_cast<int>(threadIdx.x);
  cell[t] = in[t];
  if (ordered) {
    __syncwarp();
  } else {
    static_cast<void>(__shfl_xor_sync(0xffffffffu, t, 1));
  }
  out[t] = cell[t ^ 1];
}

// Each block adds to the cell of the next, too.
__global__ void neighbouring_blocks_kernel(int* cells, bool atomic) {
  for (const unsigned i : {blockIdx.x, (blockIdx.x + 1) % gridDim.x}) {
    if (atomic) {
      atomicAdd(&cells[i], 1);
    } else {
      cells[i] += 1;
    }
  }
}

[[maybe_unused]] __global__ void array_index_kernel(int* out, int index) {
  GG_SHARED(int, tile, [4][8]);
  tile[1][index] = 7;  // inside the shared array as a whole, but past its row
  *out = tile[1][index];
}

[[maybe_unused]] __global__ void wide_load_kernel(const float* in, float* out) {
  *out = reinterpret_cast<const float4*>(in)->y;
}

[[maybe_unused]] __global__ void overflowing_index_kernel(int* out, int rows, int cols) {
  const int last = rows * cols - 1;
  *out = last;
}

// Follows a pointer that the launch cannot see.
[[maybe_unused]] __global__ void indirect_kernel(int* const* table, int* out) { *out = *table[0]; }

__global__ void odd_width_kernel(int* out) {
  out[threadIdx.x] = __shfl_down_sync(0xffffffffu, static_cast<int>(threadIdx.x), 1, 12);
}

class Detectors : public testing::EmulatorTest {};

TEST_F(Detectors, AWidthThatIsNoPowerOfTwo) {
  testing::DeviceArray<int> out(32);
  launch("odd_width", odd_width_kernel, 1, 32, 0, out.data());
  EXPECT_EQ(cudaDeviceSynchronize(), cudaErrorLaunchFailure);
  EXPECT_CONTAINS(take_only_diagnostic(), "has width 12; it must be 1, 2, 4, 8, 16 or 32");
}

TEST_F(Detectors, AShuffleOrdersNothingAndSyncwarpDoes) {
  testing::DeviceArray<int> in(std::vector<int>(kThreads, 3)), out(kThreads);
  auto run = [&](bool ordered) {
    launch("neighbour", neighbour_kernel, 1, kThreads, 0, in.data(), out.data(), ordered);
    return out.host();
  };
  EXPECT_EQ(run(true), std::vector<int>(kThreads, 3));
  if (testing::kThreadSanitizer) {
    EXPECT_DEATH(run(false), "data race");
  }
}

TEST_F(Detectors, BlocksThatMeetInOneCell) {
  testing::DeviceArray<int> cells(std::vector<int>(5, 0));
  auto run = [&](bool atomic) {
    launch("neighbouring_blocks", neighbouring_blocks_kernel, 5, 1, 0, cells.data(), atomic);
    return cells.host();
  };
  EXPECT_EQ(run(true), std::vector<int>(5, 2));
  if (testing::kThreadSanitizer) {
    EXPECT_DEATH(run(false), "data race");
  }
}

#if defined(__SANITIZE_ADDRESS__)  // and UndefinedBehaviorSanitizer, which comes with it in every build of ours

TEST_F(Detectors, AnIndexPastItsRowOfASharedArray) {
  testing::DeviceArray<int> out(1);
  auto run = [&] {
    launch("array_index", array_index_kernel, 1, 1, 0, out.data(), 8);
    cudaDeviceSynchronize();
  };
  EXPECT_DEATH(run(), "index 8 out of bounds for type 'int \\[8\\]'");
}

TEST_F(Detectors, AMisalignedVectorLoad) {
  testing::DeviceArray<float> in(std::vector<float>(8, 1.0f)), out(1);
  auto run = [&] {
    launch("wide_load", wide_load_kernel, 1, 1, 0, in.data() + 1, out.data());
    cudaDeviceSynchronize();
  };
  EXPECT_DEATH(run(), "misaligned address");
}

TEST_F(Detectors, AnIndexThatOverflows) {
  testing::DeviceArray<int> out(1);
  auto run = [&] {
    launch("overflowing_index", overflowing_index_kernel, 1, 1, 0, out.data(), 1 << 16, 1 << 15);
    cudaDeviceSynchronize();
  };
  EXPECT_DEATH(run(), "signed integer overflow");
}

TEST_F(Detectors, MemoryThatWasFreed) {
  int* freed = static_cast<int*>(allocate(20));
  testing::DeviceArray<int*> table(std::vector<int*>{freed});
  testing::DeviceArray<int> out(1);
  release(freed);
  auto run = [&] {
    launch("indirect", indirect_kernel, 1, 1, 0, table.data(), out.data());
    cudaDeviceSynchronize();
  };
  EXPECT_DEATH(run(), "heap-use-after-free");
}

TEST_F(Detectors, HostMemoryBehindAPointerInDeviceMemoryIsNotFound) {
  // A limit, written down: only pointers among the arguments, and those of for_each_pointer, are looked at.
  int on_the_host = 5;
  testing::DeviceArray<int*> table(std::vector<int*>{&on_the_host});
  testing::DeviceArray<int> out(1);
  launch("indirect", indirect_kernel, 1, 1, 0, table.data(), out.data());
  EXPECT_EQ(out.host()[0], 5);
}

#endif

}  // namespace
}  // namespace gg::emulated
