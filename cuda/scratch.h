// Scratch memory of device kernels, from the allocator of tensors.
#pragma once

#include "core/allocator.h"

namespace gg {

/// At least `bytes` bytes (0 is allowed) of uninitialised memory on a device. Given back at the end of the scope: the
/// allocator's blocks may be reused by later work in the stream at once, and are freed only when all work is done.
class DeviceScratch {
 public:
  DeviceScratch(size_t bytes, Device device) : bytes_(bytes), device_(device) {
    if (bytes_ > 0) data_ = allocate(bytes_, device_);
  }
  ~DeviceScratch() {
    if (data_) deallocate(data_, bytes_, device_);
  }
  DeviceScratch(const DeviceScratch&) = delete;
  DeviceScratch& operator=(const DeviceScratch&) = delete;

  template <class T>
  T* as() const {
    return static_cast<T*>(data_);
  }

 private:
  void* data_ = nullptr;
  size_t bytes_;
  Device device_;
};

}  // namespace gg
