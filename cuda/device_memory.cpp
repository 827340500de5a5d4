// Device memory for the allocator, the storages and the copies (core/device_memory.h), for `cuda` and `emulated` alike.
#include "core/device_memory.h"

#include <atomic>

#include "core/error.h"
#include "cuda/context.h"
#include "cuda/memory.h"
#include "cuda/stream.h"

namespace gg {
namespace {

struct Counters {
  std::atomic<int64_t> bytes{0}, blocks{0}, peak{0};

  void add(int64_t size) {
    int64_t now = bytes += size;
    ++blocks;
    int64_t seen = peak.load();
    while (now > seen && !peak.compare_exchange_weak(seen, now)) {
    }
  }
  void remove(int64_t size) {
    bytes -= size;
    --blocks;
  }
};

template <Device::Type type>
Counters counters;

[[noreturn]] void out_of_memory(Device device, size_t asked, size_t live, size_t free, size_t total) {
  fail("out of memory on ", device, ": asked for ", asked, " bytes with ", live, " bytes in use by tensors and ", free,
       " of ", total, " bytes free, after releasing the cache. Use a smaller batch or model, or free tensors first");
}

// The table of one kind of device, from the functions of its namespace. A macro because namespaces are no arguments.
#define GG_DEVICE_TABLE(kind)                                                                                    \
  static constexpr DeviceMemory kind##_table = {                                                                 \
      .allocate = [](size_t bytes) -> void* {                                                                    \
        const size_t size = bytes ? bytes : 1;                                                                   \
        void* block = kind::allocate(size);                                                                      \
        if (!block) {                                                                                            \
          kind::release_cached();                                                                                \
          block = kind::allocate(size);                                                                          \
        }                                                                                                        \
        auto& counted = counters<Device::kind>;                                                                  \
        if (!block) {                                                                                            \
          const auto memory = kind::memory_info();                                                               \
          out_of_memory(Device::kind, bytes, static_cast<size_t>(counted.bytes), memory.free, memory.total);     \
        }                                                                                                        \
        counted.add(static_cast<int64_t>(bytes));                                                                \
        return block;                                                                                            \
      },                                                                                                         \
      .deallocate =                                                                                              \
          [](void* block, size_t bytes, int stream) noexcept {                                                   \
            kind::release_in(stream, block);                                                                     \
            counters<Device::kind>.remove(static_cast<int64_t>(bytes));                                          \
          },                                                                                                     \
      .stats =                                                                                                   \
          [] {                                                                                                   \
            const auto& counted = counters<Device::kind>;                                                        \
            return MemoryStats{counted.bytes, counted.blocks, counted.peak,                                      \
                               static_cast<int64_t>(kind::cached_bytes())};                                      \
          },                                                                                                     \
      .reset_peak = [] { counters<Device::kind>.peak = counters<Device::kind>.bytes.load(); },                   \
      .empty_cache = [] { kind::release_cached(); },                                                             \
      .copy_from_host = [](void* to, const void* host, size_t bytes) { kind::copy_from_host(to, host, bytes); }, \
      .copy_to_host = [](void* host, const void* from, size_t bytes) { kind::copy_to_host(host, from, bytes); }, \
      .copy_within = [](void* to, const void* from, size_t bytes) { kind::copy_within(to, from, bytes); },       \
      .fill_zero = [](void* block, size_t bytes) { kind::fill_zero(block, bytes); },                             \
      .current_stream = []() noexcept { return kind::current_stream_number(); },                                 \
      .wait_for_stream = [](int stream, int other) { kind::wait_for_stream(stream, other); },                    \
      .synchronize = [] { kind::synchronize_all(); },                                                            \
  }

#if GG_WITH_EMULATED
GG_DEVICE_TABLE(emulated);
#endif
#if GG_WITH_CUDA
GG_DEVICE_TABLE(cuda);
#endif

// Asked once: a GPU does not come or go while a program runs, and asking costs more than an operation.
bool has_gpu() {
  static const bool found = cuda::device_count() > 0;
  return found;
}

}  // namespace

bool is_available(Device device) {
  if (device.is_cpu()) return true;
  return device.index == 0 && (device.type == Device::cuda ? has_gpu() : emulated::device_count() > 0);
}

const DeviceMemory& device_memory(Device device) {
  GG_CHECK(device.index == 0, "device ", device,
           ": only the first device of each kind can be used. Make the one that is ",
           "meant the first: CUDA_VISIBLE_DEVICES=", device.index);
#if GG_WITH_EMULATED
  if (device.type == Device::emulated) return emulated_table;
#endif
#if GG_WITH_CUDA
  if (device.type == Device::cuda && has_gpu()) return cuda_table;
#endif
  fail(device.type == Device::cuda ? cuda::why_unavailable() : emulated::why_unavailable(),
       ". Device cpu works everywhere");
}

}  // namespace gg
