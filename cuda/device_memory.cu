// The table through which core/allocator.h and the copies of tensors reach this device. Blocks come straight from the
// driver: on the emulator that keeps every allocation exact and checked.
#include "core/device_memory.h"

#include <atomic>

#include "cuda/memory.h"
#include "cuda/platform.h"

namespace gg::GG_CUDA_NS {
namespace {

std::atomic<int64_t> live_bytes{0}, live_blocks{0}, peak_bytes{0};

void* allocate_block(size_t bytes) {
  if (bytes == 0) return nullptr;
  void* block = allocate(bytes);
  if (!block) {
    const MemoryInfo info = memory_info();
    fail(GG_CUDA_NS_NAME ": out of memory: ", bytes, " bytes asked for, ", live_bytes.load(), " in use by tensors, ",
         info.free, " of ", info.total, " free on the device. Use smaller batches, or free tensors first");
  }
  const int64_t live = live_bytes += static_cast<int64_t>(bytes);
  ++live_blocks;
  for (int64_t peak = peak_bytes; peak < live && !peak_bytes.compare_exchange_weak(peak, live);) {
  }
  return block;
}

void deallocate_block(void* block, size_t bytes) noexcept {
  if (!block) return;
  live_bytes -= static_cast<int64_t>(bytes);
  --live_blocks;
  release(block);
}

MemoryStats stats() { return {live_bytes, live_blocks, peak_bytes, 0}; }

}  // namespace

const DeviceMemory& device_memory();  // core/device.cpp declares it as well: no header below cuda/ may name it

const DeviceMemory& device_memory() {
  static constexpr DeviceMemory table = {
      .allocate = allocate_block,
      .deallocate = deallocate_block,
      .stats = stats,
      .reset_peak = [] { peak_bytes = live_bytes.load(); },
      .empty_cache = [] {},  // there is none
      .copy_from_host = [](void* to, const void* from, size_t bytes) { copy_from_host(to, from, bytes); },
      .copy_to_host = [](void* to, const void* from, size_t bytes) { copy_to_host(to, from, bytes); },
      .copy_within = [](void* to, const void* from, size_t bytes) { copy_within(to, from, bytes); },
      .fill_zero = [](void* block, size_t bytes) { fill_zero(block, bytes); },
  };
  return table;
}

}  // namespace gg::GG_CUDA_NS
