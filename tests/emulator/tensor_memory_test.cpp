// The emulated device as the memory of tensors: core/allocator.h reaches it, counts, and says what is missing.
#include <cstring>
#include <numeric>
#include <vector>

#include "core/allocator.h"
#include "core/device_memory.h"
#include "core/error.h"
#include "tests/emulator/emulator_fixture.h"

namespace gg {
namespace {

class TensorMemory : public testing::EmulatorTest {};

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

TEST_F(TensorMemory, ExhaustionNamesWhatWasAskedFor) {
  emulator::options().memory_bytes = 1000;
  try {
    allocate(1001, Device::emulated);
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_CONTAINS(error.what(), "1001 bytes");
  }
}

}  // namespace
}  // namespace gg
