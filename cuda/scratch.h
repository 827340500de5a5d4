// Scratch memory of device kernels, from the allocator of tensors.
#pragma once

#include "core/allocator.h"

namespace gg {

/// At least `bytes` bytes (0 is allowed) of uninitialised memory on a device, for work of the calling thread. Given
/// back at the end of the scope: later work in the thread's stream may reuse it at once, others once the work is done.
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
