#include "core/storage.h"

#include <bit>
#include <mutex>
#include <new>

#include "core/device_memory.h"

namespace gg {
namespace {
constexpr size_t kHeader = (sizeof(Storage) + kAlignment - 1) / kAlignment * kAlignment;
#ifdef GG_SANITIZED
constexpr size_t kInlineLimit = 0;  // separate blocks, so that sanitizers see every overrun
#else
constexpr size_t kInlineLimit = 8 << 10;
#endif
}  // namespace

Ref<Storage> Storage::create(size_t bytes, Device device) {
  if (device.is_cpu() && bytes <= kInlineLimit) {
    char* block = static_cast<char*>(allocate(kHeader + bytes, device));
    return Ref<Storage>::adopt(new (block) Storage(block + kHeader, bytes, device, true));
  }
  void* data = allocate(bytes, device);
  void* header = allocate_object(sizeof(Storage));
  auto storage = Ref<Storage>::adopt(new (header) Storage(data, bytes, device, false));
  if (!device.is_cpu()) {
    const int stream = device_memory(device).current_stream();
    storage->stream_ = static_cast<uint8_t>(stream);
    storage->streams_ = uint32_t{1} << stream;
  }
  return storage;
}

void Storage::follow_device_stream() {
  const DeviceMemory& memory = device_memory(device_);
  const int stream = memory.current_stream();
  if (stream_.load(std::memory_order_acquire) == stream) [[likely]]
    return;
  // One at a time: whoever waits for a stream must find in it what that stream itself waits for.
  static std::mutex lock;
  std::lock_guard guard(lock);
  memory.wait_for_stream(stream, stream_.load());
  streams_ |= uint32_t{1} << stream;
  stream_.store(static_cast<uint8_t>(stream), std::memory_order_release);
}

namespace {

// Gives device memory back behind the work of all streams that used it. That of threads that used it at the same time
// may have come after the last change of hands.
void deallocate_behind(void* data, size_t bytes, Device device, int last, uint32_t streams) noexcept {
  const DeviceMemory& memory = device_memory(device);
  for (uint32_t others = streams & ~(uint32_t{1} << last); others; others &= others - 1) {
    try {
      memory.wait_for_stream(last, std::countr_zero(others));
    } catch (const std::exception&) {
      // A device that has failed says so again in the next call that can throw.
    }
  }
  memory.deallocate(data, bytes, last);
}

}  // namespace

void Storage::release(Storage* s) noexcept {
  size_t bytes = s->bytes_;
  Device device = s->device_;
  if (s->inlined_) {
    s->~Storage();
    deallocate(s, kHeader + bytes, device);
    return;
  }
  if (device.is_cpu()) {
    deallocate(s->data_, bytes, device);
  } else {
    deallocate_behind(s->data_, bytes, device, s->stream_, s->streams_);
  }
  s->~Storage();
  deallocate_object(s, sizeof(Storage));
}

}  // namespace gg
