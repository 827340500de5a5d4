// Test data on the device under test. The namespace is GG_TEST_DEVICE: `emulated` unless a build says `cuda`, so the
// same test sources run on a GPU where there is one.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "core/array.h"
#include "cuda/context.h"
#include "cuda/memory.h"
#include "cuda/stream.h"

#ifndef GG_TEST_DEVICE
#define GG_TEST_DEVICE emulated
#define GG_TEST_ON_EMULATOR 1
#endif

namespace gg::testing {

namespace device = gg::GG_TEST_DEVICE;

/// Device memory for n elements: a copy of host data, or whatever the memory holds.
template <class T>
class DeviceArray {
 public:
  explicit DeviceArray(size_t n) : size_(n), data_(n ? static_cast<T*>(device::allocate(n * sizeof(T))) : nullptr) {}
  explicit DeviceArray(const std::vector<T>& host) : DeviceArray(host.size()) {
    device::copy_from_host(data_, host.data(), size_ * sizeof(T));
  }
  ~DeviceArray() { device::release(data_); }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;

  T* data() const { return data_; }
  std::vector<T> host() const {
    std::vector<T> values(size_);
    device::copy_to_host(values.data(), data_, size_ * sizeof(T));
    return values;
  }

 private:
  size_t size_;
  T* data_;
};

/// Memory as an Array; row-major.
template <class T>
Array array_of(T* data, const Shape& shape) {
  return {const_cast<std::remove_const_t<T>*>(data), dtype_of<std::remove_const_t<T>>, shape,
          Layout::contiguous(shape).strides};
}

/// Skips where the device is missing.
class DeviceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (device::device_count() == 0) GTEST_SKIP() << device::why_unavailable();
  }
};

}  // namespace gg::testing
