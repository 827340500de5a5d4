// The page about the kernels: occupancy against NVIDIA's own calculation where the toolkit is, and what it shows.
#include "tools/kernel_page.h"

#include <gtest/gtest.h>

#include <stdexcept>

#if __has_include(<cuda_occupancy.h>)
#include <cuda_occupancy.h>
#define GG_HAS_OCCUPANCY 1
#endif

namespace gg::tools {
namespace {

TEST(Occupancy, WorkedByHand) {
  const OccupancyLimits* turing = occupancy_limits("sm_75");
  ASSERT_NE(turing, nullptr);
  EXPECT_EQ(theoretical_occupancy(*turing, 128, 16, 0), 1);     // 8 blocks of 4 warps are all 32 warps
  EXPECT_EQ(theoretical_occupancy(*turing, 32, 16, 0), 0.5);    // at most 16 blocks
  EXPECT_EQ(theoretical_occupancy(*turing, 256, 65, 0), 0.75);  // 65 → 2304 a warp, 7 of 16,384: 28 warps, 3 blocks
  EXPECT_EQ(theoretical_occupancy(*turing, 256, 32, 33000), 0.25);  // one block's shared memory fits
  EXPECT_EQ(theoretical_occupancy(*turing, 0, 32, 0), 0);           // of unknown size
  EXPECT_EQ(occupancy_limits("sm_20"), nullptr);
}

#if GG_HAS_OCCUPANCY
TEST(Occupancy, AgreesWithNvidia) {
  for (const char* architecture : {"sm_75", "sm_80", "sm_86", "sm_89", "sm_90", "sm_100", "sm_120"}) {
    const OccupancyLimits* limits = occupancy_limits(architecture);
    ASSERT_NE(limits, nullptr) << architecture;
    const int capability = std::atoi(architecture + 3);
    cudaOccDeviceProp device{};
    device.computeMajor = capability / 10;
    device.computeMinor = capability % 10;
    device.maxThreadsPerBlock = 1024;
    device.maxThreadsPerMultiprocessor = limits->threads;
    device.regsPerBlock = device.regsPerMultiprocessor = 65536;
    device.warpSize = 32;
    device.sharedMemPerBlock = 48 * 1024;
    device.sharedMemPerMultiprocessor = static_cast<size_t>(limits->shared_bytes);
    device.sharedMemPerBlockOptin = static_cast<size_t>(limits->shared_bytes - limits->reserved_shared);
    device.reservedSharedMemPerBlock = static_cast<size_t>(limits->reserved_shared);
    device.numSms = 1;
    for (int threads : {32, 64, 96, 128, 256, 512, 1000, 1024}) {
      for (int registers : {16, 24, 32, 33, 40, 63, 64, 65, 72, 96, 128, 168, 255}) {
        for (int shared : {0, 64, 1000, 4096, 17000, 32768, 49152}) {
          cudaOccFuncAttributes kernel{};
          kernel.maxThreadsPerBlock = 1024;
          kernel.numRegs = registers;
          kernel.sharedSizeBytes = static_cast<size_t>(shared);
          const cudaOccDeviceState state{};
          cudaOccResult result{};
          ASSERT_EQ(cudaOccMaxActiveBlocksPerMultiprocessor(&result, &device, &kernel, &state, threads, 0),
                    CUDA_OCC_SUCCESS);
          const int warps = (threads + 31) / 32;
          EXPECT_DOUBLE_EQ(theoretical_occupancy(*limits, threads, registers, shared),
                           static_cast<double>(result.activeBlocksPerMultiprocessor * warps * 32) / limits->threads)
              << architecture << ", " << threads << " threads, " << registers << " registers, " << shared << " bytes";
        }
      }
    }
  }
}
#endif

TEST(Traffic, IsReadBesideTheKernels) {
  const auto traffic = declared_traffic(
      "// bytes: x + out,\n// the least\ntemplate <class T>\n__global__ void a_kernel(T* x) {}\n"
      "// Something else.\n__global__ void __launch_bounds__(kThreads)\n    b_kernel(int n);\n");
  EXPECT_EQ(traffic, (std::map<std::string, std::string>{{"a_kernel", "x + out, the least"}, {"b_kernel", ""}}));
}

TEST(Traffic, EveryKernelDeclaresIt) {
  const auto traffic = declared_traffic_in(GG_SOURCE_DIR "/cuda");
  EXPECT_GE(traffic.size(), 30u);
}

TEST(Page, CondensesInstances) {
  KernelObject object;
  object.path = "build/softmax.cu.o";
  const char* f32 = "_ZN2gg4cuda8a_kernelIfLi1EEEvPT_";
  const char* f32_too = "_ZN2gg4cuda8a_kernelIfLi2EEEvPT_";
  const char* f64 = "_ZN2gg4cuda8a_kernelIdLi1EEEvPT_";
  object.ptxas = {{f32, "sm_75", 20, 64, 0, 0, 0}, {f32_too, "sm_75", 72, 0, 0, 0, 0}, {f64, "sm_75", 30, 0, 0, 0, 0}};
  object.ptx = {{f32, 256, {{4, 1}, {16, 1}}, {{16, 1}}, false},
                {f32_too, 256, {{4, 1}}, {{16, 1}}, false},
                {f64, 256, {{8, 1}}, {}, true}};
  const std::string page =
      to_markdown({{object}, {{"a_kernel", "x + out, the least"}}, {{"A step", 30, 12}}, "nvcc 13.0.88"});
  EXPECT_NE(page.find("3 kernels, by nvcc 13.0.88 for sm_75"), std::string::npos) << page;
  EXPECT_NE(page.find("## a_kernel\n\nBytes: x + out, the least\n"), std::string::npos) << page;
  EXPECT_NE(page.find("| softmax | f32 | 2 | 256 | 20-72 | 64 | 0 | 75-100 | 4-16 | 16 |"), std::string::npos) << page;
  EXPECT_NE(page.find("| softmax | f64 +a | 1 | 256 | 30 | 0 | 0 | 100 | 8 | - |"), std::string::npos) << page;
  EXPECT_NE(page.find("| A step | 30 | 12 | 42 |"), std::string::npos) << page;
  EXPECT_NE(page.find(made_by({object}, "nvcc 13.0.88")), std::string::npos);
  EXPECT_EQ(page.find(made_by({object}, "nvcc 13.1")), std::string::npos);
  object.ptxas[0].architecture = "sm_20";
  EXPECT_THROW(to_markdown({{object}, {}, {}, ""}), std::runtime_error);
}

}  // namespace
}  // namespace gg::tools
