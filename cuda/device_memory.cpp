// Device memory for the allocator and the copies (core/device_memory.h), for `cuda` and `emulated` alike. Blocks are
// not cached here: an emulated device checks every bound on blocks of exact size.
#include "core/device_memory.h"

#include <atomic>

#include "core/error.h"
#include "cuda/context.h"
#include "cuda/memory.h"

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
  MemoryStats stats() const { return {bytes.load(), blocks.load(), peak.load(), 0}; }
};

template <Device::Type type>
Counters counters;

// The table of one kind of device, from the functions of its namespace. A macro because namespaces are no arguments.
#define GG_DEVICE_TABLE(kind)                                                                          \
  static constexpr DeviceMemory kind##_table = {                                                       \
      [](size_t bytes) -> void* {                                                                      \
        void* block = kind::allocate(bytes ? bytes : 1);                                               \
        GG_CHECK(block, "out of memory on ", #kind, ": asked for ", bytes, " bytes with ",             \
                 counters<Device::kind>.bytes.load(), " bytes in use. Use a smaller batch or model");  \
        counters<Device::kind>.add(static_cast<int64_t>(bytes));                                       \
        return block;                                                                                  \
      },                                                                                               \
      [](void* block, size_t bytes) noexcept {                                                         \
        kind::release(block);                                                                          \
        counters<Device::kind>.remove(static_cast<int64_t>(bytes));                                    \
      },                                                                                               \
      [] { return counters<Device::kind>.stats(); },                                                   \
      [] { counters<Device::kind>.peak = counters<Device::kind>.bytes.load(); },                       \
      [] {},                                                                                           \
      [](void* device, const void* host, size_t bytes) { kind::copy_from_host(device, host, bytes); }, \
      [](void* host, const void* device, size_t bytes) { kind::copy_to_host(host, device, bytes); },   \
      [](void* to, const void* from, size_t bytes) { kind::copy_within(to, from, bytes); },            \
      [](void* device, size_t bytes) { kind::fill_zero(device, bytes); },                              \
  }

#if GG_WITH_EMULATED
GG_DEVICE_TABLE(emulated);
#endif
#if GG_WITH_CUDA
GG_DEVICE_TABLE(cuda);
#endif

}  // namespace

bool is_available(Device device) {
  switch (device.type) {
    case Device::cpu:
      return true;
    case Device::cuda:
      return device.index == 0 && cuda::device_count() > 0;
    default:
      return device.index == 0 && emulated::device_count() > 0;
  }
}

const DeviceMemory& device_memory(Device device) {
  GG_CHECK(device.index == 0, "device ", device,
           ": only the first device of each kind can be used. Make the one that is ",
           "meant the first: CUDA_VISIBLE_DEVICES=", device.index);
#if GG_WITH_EMULATED
  if (device.type == Device::emulated) return emulated_table;
#endif
#if GG_WITH_CUDA
  if (device.type == Device::cuda && cuda::device_count() > 0) return cuda_table;
#endif
  fail(device.type == Device::cuda ? cuda::why_unavailable() : emulated::why_unavailable(), "; or use device cpu");
}

}  // namespace gg
