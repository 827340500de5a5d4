// Storage: the memory that a tensor and its views share, with a version that every in-place write raises.
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

  static void release(Storage* s) noexcept;

 private:
  Storage(void* data, size_t bytes, Device device, bool inlined)
      : data_(data), bytes_(bytes), device_(device), inlined_(inlined) {}

  void* data_;
  size_t bytes_;
  Device device_;
  bool inlined_;  // data follows this object in the same block: one allocation instead of two for small CPU tensors
  std::atomic<uint32_t> version_{0};
};

}  // namespace gg
