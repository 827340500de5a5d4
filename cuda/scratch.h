// Scratch memory of a launcher on its own device.
#pragma once

#include "core/allocator.h"
#include "cuda/platform.h"

namespace gg::GG_CUDA_NS {

/// A block of `bytes` bytes of device memory, contents undefined, given back at the end of the scope: later work in the
/// stream may then have it.
class Scratch {
 public:
  explicit Scratch(size_t bytes) : bytes_(bytes), data_(::gg::allocate(bytes, kDevice)) {}
  ~Scratch() { ::gg::deallocate(data_, bytes_, kDevice); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  template <class T>
  T* as() const {
    return static_cast<T*>(data_);
  }

 private:
  static constexpr Device kDevice{Device::GG_CUDA_NS};
  size_t bytes_;
  void* data_;
};

}  // namespace gg::GG_CUDA_NS
