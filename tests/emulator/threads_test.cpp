// Streams of several threads: tensors that go from one to another, and memory that comes back behind all its users.
// Every thread has a stream of its own, and the emulator runs each as late as it may: what is not ordered shows.
#include <gtest/gtest.h>

#include <numeric>
#include <thread>
#include <vector>

#include "core/allocator.h"
#include "core/device_memory.h"
#include "cuda/copy.h"
#include "cuda/event.h"
#include "cuda/stream.h"
#include "data/data_loader.h"
#include "ops/ops.h"
#include "tests/emulator/emulator_fixture.h"

namespace gg {
namespace {

class DeviceThreads : public testing::EmulatorTest {
 protected:
  static const DeviceMemory& memory() { return device_memory(Device::emulated); }
};

std::vector<float> counting(int64_t n) {
  std::vector<float> v(static_cast<size_t>(n));
  std::iota(v.begin(), v.end(), 1.0f);
  return v;
}

TEST_F(DeviceThreads, EachHasAStreamAndLeavesItToTheNext) {
  const int mine = memory().current_stream();
  int first = -1, second = -1, beside = -1;
  std::thread([&] { first = memory().current_stream(); }).join();
  std::thread([&] {
    second = memory().current_stream();
    std::thread([&] { beside = memory().current_stream(); }).join();
  }).join();
  EXPECT_NE(first, mine);
  EXPECT_EQ(second, first);
  EXPECT_NE(beside, second);
  EXPECT_NE(beside, mine);
  EXPECT_EQ(memory().current_stream(), mine);
}

TEST_F(DeviceThreads, MoreThanThereAreStreamsShareThem) {
  std::vector<std::thread> threads;
  std::atomic<int> started{0}, outside{0};
  for (int i = 0; i < kMaxStreams + 5; ++i) {
    threads.emplace_back([&] {
      const int number = memory().current_stream();
      if (number < 0 || number >= kMaxStreams) ++outside;
      ++started;
      while (started < kMaxStreams + 5) std::this_thread::yield();  // all at once
      const Tensor x = to(full({7}, 2.0), Device::emulated);
      if (to(x * x, Device::cpu).to_vector<float>() != std::vector<float>(7, 4.0f)) ++outside;
    });
  }
  for (auto& t : threads) t.join();
  EXPECT_EQ(outside, 0);
}

// The control: without Storage's order, another thread's work has simply not happened yet.
TEST_F(DeviceThreads, UnorderedWorkOfAnotherThreadIsNotSeen) {
  const std::vector<float> numbers = counting(5);
  void* block = allocate(20, Device::emulated);
  memory().fill_zero(block, 20);
  synchronize(Device::emulated);
  std::thread([&] { memory().copy_from_host(block, numbers.data(), 20); }).join();
  std::vector<float> seen(5);
  memory().copy_to_host(seen.data(), block, 20);
  EXPECT_EQ(seen, std::vector<float>(5, 0.0f));
  synchronize(Device::emulated);
  memory().copy_to_host(seen.data(), block, 20);
  EXPECT_EQ(seen, numbers);
  deallocate(block, 20, Device::emulated);
}

TEST_F(DeviceThreads, ATensorOfAnotherThreadIsWaitedFor) {
  Tensor x, y, z;
  std::thread([&] {
    x = to(from_vector(counting(5), {5}), Device::emulated);
    y = x + x;
  }).join();
  z = y * x;  // after the other thread's sum
  EXPECT_EQ(z.to_vector<float>(), (std::vector<float>{2, 8, 18, 32, 50}));
  std::thread([&] { z = z - y; }).join();  // and back
  EXPECT_EQ(z.to_vector<float>(), (std::vector<float>{0, 4, 12, 24, 40}));
}

TEST_F(DeviceThreads, ThreadsThatShareATensorAllWaitForItsMaker) {
  const Tensor x = to(from_vector(counting(300), {300}), Device::emulated) * 2.0;  // queued, not done
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      const auto got = (x + static_cast<double>(i)).to_vector<float>();
      for (size_t k = 0; k < got.size(); ++k) {
        if (got[k] != 2 * static_cast<float>(k + 1) + static_cast<float>(i)) ++wrong;
      }
    });
  }
  for (auto& t : threads) t.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(DeviceThreads, MemoryComesBackBehindAllUsers) {
  Tensor sum;
  {
    Tensor x = to(from_vector(counting(5), {5}), Device::emulated);
    std::thread([&] { sum = x + x; }).join();  // has not run when x is freed here
  }
  // The other stream's sum still finds x: free memory would be poison, or an AddressSanitizer report.
  const Tensor noise = full({5}, 99.0, {DType::f32, Device::emulated});
  EXPECT_EQ(sum.to_vector<float>(), (std::vector<float>{2, 4, 6, 8, 10}));
  EXPECT_EQ(noise.to_vector<float>(), std::vector<float>(5, 99.0f));
}

// Two threads use a tensor at once: this one has looked up its memory and starts its kernel after the other has taken
// the tensor over. The other's stream, where the memory comes back, must wait for that kernel too.
TEST_F(DeviceThreads, MemoryComesBackBehindThoseWhoUsedItAtTheSameTime) {
  Tensor x = to(from_vector(counting(300), {300}), Device::emulated);
  const Tensor seen = zeros({300}, {DType::f32, Device::emulated});
  const Array from = x.array(), into = seen.array();
  std::thread([&] { x.array(); }).join();
  emulated::copy(into, from);
  x = Tensor();
  std::thread([] { emulated::synchronize(); }).join();  // has the other's stream again
  EXPECT_EQ(seen.to_vector<float>(), counting(300));
}

TEST_F(DeviceThreads, EventsTimeTheDevice) {
  emulated::Event begin, end;
  EXPECT_THROW(end.milliseconds_since(begin), Error);  // never put
  begin.record();
  const Tensor x = full({1000}, 1.0, {DType::f32, Device::emulated});
  end.record();
  EXPECT_GT(end.milliseconds_since(begin), 0);
  EXPECT_LT(begin.milliseconds_since(end), 0);
  std::thread([&] { begin.record(); }).join();  // in that thread's stream
  begin.synchronize();
}

TEST_F(DeviceThreads, LoadersCopyInTheBackground) {
  auto x = from_vector(counting(37 * 3), {37, 3});
  std::vector<int64_t> classes(37);
  std::iota(classes.begin(), classes.end(), int64_t{0});
  auto dataset = std::make_shared<data::TensorDataset>(x, from_vector(classes, {37}));
  for (int prefetch : {0, 2}) {
    data::DataLoaderOptions options{.batch_size = 5, .shuffle = true, .seed = 3, .prefetch = prefetch};
    data::DataLoader host(dataset, options);
    options.device = Device::emulated;
    data::DataLoader loader(dataset, options);
    for (int i = 0; i < 20; ++i) {
      const data::Batch expected = host.next(), got = loader.next();
      ASSERT_EQ(got.x.device(), Device::emulated);
      ASSERT_EQ(got.y.device(), Device::emulated);
      ASSERT_EQ((got.x * 1.0).to_vector<float>(), expected.x.to_vector<float>());
      ASSERT_EQ(got.y.to_vector<int64_t>(), expected.y.to_vector<int64_t>());
      ASSERT_EQ(got.index, expected.index);
    }
  }
}

}  // namespace
}  // namespace gg
