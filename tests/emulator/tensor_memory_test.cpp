// The emulated device as the memory of tensors: core/allocator.h reaches it, counts, and says what is missing.
#include <cstring>
#include <numeric>
#include <vector>

#include "core/allocator.h"
#include "core/device_memory.h"
#include "core/error.h"
#include "cuda/memory.h"
#include "tests/emulator/emulator_fixture.h"

namespace gg {
namespace {

class TensorMemory : public testing::EmulatorTest {
 protected:
  static size_t device_memory_free() { return emulated::memory_info().free; }
};

TEST_F(TensorMemory, BlocksAreCountedAndCopied) {
  const MemoryStats before = memory_stats(Device::emulated);
  void* a = allocate(52, Device::emulated);
  void* b = allocate(52, Device::emulated);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(a) % kAlignment, 0u);
  const MemoryStats during = memory_stats(Device::emulated);
  EXPECT_EQ(during.live_bytes - before.live_bytes, 104);
  EXPECT_EQ(during.live_blocks - before.live_blocks, 2);
  EXPECT_GE(during.peak_bytes, during.live_bytes);

  std::vector<int> in(13), out(13);
  std::iota(in.begin(), in.end(), 1);
  const DeviceMemory& memory = device_memory(Device::emulated);
  memory.copy_from_host(a, in.data(), 52);
  memory.copy_within(b, a, 52);
  memory.fill_zero(b, 4);
  memory.copy_to_host(out.data(), b, 52);
  in[0] = 0;
  EXPECT_EQ(in, out);

  deallocate(a, 52, Device::emulated);
  deallocate(b, 52, Device::emulated);
  EXPECT_EQ(memory_stats(Device::emulated).live_bytes, before.live_bytes);
}

TEST_F(TensorMemory, AnEmptyBlockIsAllowed) { deallocate(allocate(0, Device::emulated), 0, Device::emulated); }

// More than the page-locked pieces hold at once, so each is used again while the device has copied nothing yet.
TEST_F(TensorMemory, LargeCopiesGoThroughPiecesThatAreReused) {
  const size_t n = (size_t{11} << 20) / sizeof(int) + 3;
  std::vector<int> in(n), out(n);
  std::iota(in.begin(), in.end(), 1);
  const DeviceMemory& memory = device_memory(Device::emulated);
  void* a = allocate(n * sizeof(int), Device::emulated);
  memory.copy_from_host(a, in.data(), n * sizeof(int));
  in.back() = 0;  // ours again, whatever the device has done
  memory.copy_to_host(out.data(), a, n * sizeof(int));
  EXPECT_EQ(out.back(), static_cast<int>(n));
  in.back() = out.back();
  EXPECT_TRUE(in == out);
  deallocate(a, n * sizeof(int), Device::emulated);
}

TEST_F(TensorMemory, FreedMemoryIsCachedAndReleasedWhenItIsShort) {
  empty_cache(Device::emulated);
  const auto before = memory_stats(Device::emulated);
  emulator::options().memory_bytes = static_cast<size_t>(before.live_bytes) + (size_t{64} << 20) + 1000;
  // cuBLAS workspaces and the like may live too, hence the 64 MiB.
  const size_t most = device_memory_free();
  void* a = allocate(most / 2, Device::emulated);
  deallocate(a, most / 2, Device::emulated);
  synchronize(Device::emulated);
  EXPECT_EQ(memory_stats(Device::emulated).cached_bytes, before.cached_bytes + static_cast<int64_t>(most / 2));
  a = allocate(most / 2, Device::emulated);  // from the cache
  EXPECT_EQ(memory_stats(Device::emulated).cached_bytes, before.cached_bytes);
  deallocate(a, most / 2, Device::emulated);
  // Another size, not even given back by the stream yet: fits only after the cache is released.
  a = allocate(most - 8, Device::emulated);
  EXPECT_EQ(memory_stats(Device::emulated).cached_bytes, 0);
  deallocate(a, most - 8, Device::emulated);
  empty_cache(Device::emulated);
  EXPECT_EQ(memory_stats(Device::emulated).cached_bytes, 0);
}

TEST_F(TensorMemory, ExhaustionNamesWhatWasAskedFor) {
  emulator::options().memory_bytes = 1000;
  try {
    allocate(1001, Device::emulated);
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_CONTAINS(error.what(), "asked for 1001 bytes");
    EXPECT_CONTAINS(error.what(), "bytes in use by tensors");
    EXPECT_CONTAINS(error.what(), "of 1000 bytes free");
  }
}

}  // namespace
}  // namespace gg
