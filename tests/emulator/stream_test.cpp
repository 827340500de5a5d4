// Streams run as late as they may: what a program forgets to order shows.
#include <vector>

#include "cuda/platform.h"
#include "tests/emulator/device_array.h"
#include "tests/emulator/emulator_fixture.h"

namespace gg::emulated {
namespace {

__global__ void set_kernel(int* p, int value) { *p = value; }
__global__ void copy_kernel(const int* from, int* to) { *to = *from; }

class Streams : public testing::EmulatorTest {
 protected:
  void SetUp() override {
    EmulatorTest::SetUp();
    cudaStreamCreate(&a_);
    cudaStreamCreate(&b_);
    cudaMallocHost(&pinned_, sizeof(int));
    *pinned_ = -5;
  }
  void TearDown() override {
    cudaStreamDestroy(a_);
    cudaStreamDestroy(b_);
    cudaFreeHost(pinned_);
    EmulatorTest::TearDown();
  }
  cudaStream_t a_ = nullptr, b_ = nullptr;
  int* pinned_ = nullptr;
};

TEST_F(Streams, WorkWaitsForTheHostToWait) {
  testing::DeviceArray<int> x(std::vector<int>{1});
  launch_in(a_, "set", set_kernel, 1, 1, 0, x.data(), 2);
  EXPECT_EQ(cudaMemcpyAsync(pinned_, x.data(), sizeof(int), cudaMemcpyDeviceToHost, a_), cudaSuccess);
  EXPECT_EQ(*pinned_, -5);  // a program that reads here forgot to synchronise
  EXPECT_EQ(cudaStreamSynchronize(a_), cudaSuccess);
  EXPECT_EQ(*pinned_, 2);
}

TEST_F(Streams, EagerModeRunsAtOnce) {
  emulator::options().eager = true;
  testing::DeviceArray<int> x(std::vector<int>{1});
  launch_in(a_, "set", set_kernel, 1, 1, 0, x.data(), 2);
  EXPECT_EQ(cudaMemcpyAsync(pinned_, x.data(), sizeof(int), cudaMemcpyDeviceToHost, a_), cudaSuccess);
  EXPECT_EQ(*pinned_, 2);
}

TEST_F(Streams, PageableMemoryIsReadAndWrittenWithinTheCall) {
  testing::DeviceArray<int> x(1);
  int host = 7;
  EXPECT_EQ(cudaMemcpyAsync(x.data(), &host, sizeof(int), cudaMemcpyHostToDevice, a_), cudaSuccess);
  host = 8;
  EXPECT_EQ(cudaMemcpyAsync(&host, x.data(), sizeof(int), cudaMemcpyDeviceToHost, a_), cudaSuccess);
  EXPECT_EQ(host, 7);
}

TEST_F(Streams, PageLockedMemoryIsReadLater) {
  testing::DeviceArray<int> x(1);
  *pinned_ = 7;
  EXPECT_EQ(cudaMemcpyAsync(x.data(), pinned_, sizeof(int), cudaMemcpyHostToDevice, a_), cudaSuccess);
  *pinned_ = 8;  // too early
  EXPECT_EQ(cudaStreamSynchronize(a_), cudaSuccess);
  EXPECT_EQ(x.host()[0], 8);
}

TEST_F(Streams, AForgottenEventShowsAndAnEventHelps) {
  testing::DeviceArray<int> x(std::vector<int>{1}), y(std::vector<int>{1});
  cudaEvent_t ready = nullptr;
  ASSERT_EQ(cudaEventCreate(&ready), cudaSuccess);
  launch_in(a_, "set", set_kernel, 1, 1, 0, x.data(), 2);
  launch_in(b_, "copy", copy_kernel, 1, 1, 0, x.data(), y.data());
  EXPECT_EQ(cudaStreamSynchronize(b_), cudaSuccess);
  EXPECT_EQ(y.host()[0], 1);

  launch_in(a_, "set", set_kernel, 1, 1, 0, x.data(), 3);
  EXPECT_EQ(cudaEventRecord(ready, a_), cudaSuccess);
  EXPECT_EQ(cudaStreamWaitEvent(b_, ready), cudaSuccess);
  launch_in(a_, "set", set_kernel, 1, 1, 0, x.data(), 4);  // after the event: not waited for
  launch_in(b_, "copy", copy_kernel, 1, 1, 0, x.data(), y.data());
  EXPECT_EQ(cudaStreamSynchronize(b_), cudaSuccess);
  EXPECT_EQ(y.host()[0], 3);
  EXPECT_EQ(cudaEventSynchronize(ready), cudaSuccess);
  float milliseconds = -1;
  EXPECT_EQ(cudaEventElapsedTime(&milliseconds, ready, ready), cudaSuccess);
  EXPECT_EQ(milliseconds, 0);
  EXPECT_EQ(cudaEventDestroy(ready), cudaSuccess);
}

TEST_F(Streams, TheNullStreamWaitsForAllAndAllWaitForIt) {
  testing::DeviceArray<int> x(std::vector<int>{1}), y(std::vector<int>{1});
  EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  launch_in(a_, "set", set_kernel, 1, 1, 0, x.data(), 2);
  launch_in(nullptr, "copy", copy_kernel, 1, 1, 0, x.data(), y.data());
  launch_in(b_, "copy", copy_kernel, 1, 1, 0, y.data(), x.data() /* same value: shows nothing, orders it */);
  EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  EXPECT_EQ(y.host()[0], 2);
}

TEST_F(Streams, ANonBlockingStreamKeepsOutOfThat) {
  testing::DeviceArray<int> x(std::vector<int>{1}), y(std::vector<int>{1});
  EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  cudaStream_t apart = nullptr;
  ASSERT_EQ(cudaStreamCreateWithFlags(&apart, cudaStreamNonBlocking), cudaSuccess);
  launch_in(apart, "set", set_kernel, 1, 1, 0, x.data(), 2);
  launch_in(nullptr, "copy", copy_kernel, 1, 1, 0, x.data(), y.data());
  EXPECT_EQ(cudaStreamSynchronize(nullptr), cudaSuccess);
  EXPECT_EQ(y.host()[0], 1);
  EXPECT_EQ(cudaStreamDestroy(apart), cudaSuccess);
  EXPECT_EQ(x.host()[0], 2);
}

TEST_F(Streams, UnknownHandlesAreRefused) {
  cudaStream_t gone = nullptr;
  cudaStreamCreate(&gone);
  cudaStreamDestroy(gone);
  EXPECT_EQ(cudaStreamSynchronize(gone), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaEventRecord(nullptr, a_), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaStreamDestroy(nullptr), cudaErrorInvalidResourceHandle);
}

}  // namespace
}  // namespace gg::emulated
