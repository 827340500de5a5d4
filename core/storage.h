// Storage: the memory that a tensor and its views share, with a version that every in-place write raises.
//
// On devices it also remembers which stream has worked on it. When a thread uses a tensor that another thread made or
// wrote, its stream waits for the other one's, and memory is given back only behind all streams that used it: tensors
// may go from thread to thread as on the CPU.
#pragma once

#include "core/allocator.h"
#include "core/ref.h"

namespace gg {

class Storage : public RefCounted {
 public:
  /// `bytes` of uninitialised memory on `device`.
  static Ref<Storage> create(size_t bytes, Device device);

  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }
  Device device() const { return device_; }

  /// Raised by every in-place write. Saved values compare it, so that a gradient never uses overwritten numbers.
  uint32_t version() const { return version_.load(std::memory_order_relaxed); }
  void bump_version() { version_.fetch_add(1, std::memory_order_relaxed); }

  /// Called for each use by a kernel or a copy: the calling thread's stream waits for what the last user's has been
  /// given. Costs nothing on the CPU, and where one thread does everything.
  void follow_stream() {
    if (!device_.is_cpu()) [[unlikely]]
      follow_device_stream();
  }

  static void release(Storage* s) noexcept;

 private:
  Storage(void* data, size_t bytes, Device device, bool inlined)
      : data_(data), bytes_(bytes), device_(device), inlined_(inlined) {}

  void follow_device_stream();

  void* data_;
  size_t bytes_;
  Device device_;
  bool inlined_;  // data follows this object in the same block: one allocation instead of two for small CPU tensors
  std::atomic<uint8_t> stream_{0};    // the last user
  std::atomic<uint32_t> streams_{0};  // all users, one bit each
  std::atomic<uint32_t> version_{0};
};

}  // namespace gg
