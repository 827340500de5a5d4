// Arrays of any layout on the device under test, beside the same numbers on the CPU: what tests that compare the two
// backends share.
#pragma once

#include <cstring>
#include <random>
#include <vector>

#include "core/array.h"
#include "tests/emulator/device_array.h"
#if GG_TEST_ON_EMULATOR
#include "tests/emulator/emulator_fixture.h"
#endif

namespace gg::testing {

/// On the emulator a test also ends without a diagnostic that it has not taken.
#if GG_TEST_ON_EMULATOR
using KernelTest = EmulatorTest;
#else
using KernelTest = DeviceTest;
#endif

/// An array on the CPU and its copy on the device, with memory of their own.
class Pair {
 public:
  /// Random numbers in [-1, 1), or NaN where `seed` is 0. `order` lists the axes from the outermost in memory to the
  /// innermost (row-major if empty); `gap` leaves that many unused elements after each innermost run.
  Pair(const Shape& shape, DType dtype, unsigned seed, std::vector<int> order = {}, int64_t gap = 0) {
    if (order.empty()) {
      for (int i = 0; i < shape.rank(); ++i) order.push_back(i);
    }
    host_.dtype = dtype;
    host_.shape = shape;
    int64_t stride = 1;
    for (int i = shape.rank() - 1; i >= 0; --i) {
      const auto axis = static_cast<size_t>(order[static_cast<size_t>(i)]);
      host_.strides[axis] = stride;
      stride *= shape[static_cast<int>(axis)];
      if (i == shape.rank() - 1) stride += gap;
    }
    elements_ = stride;
    // The gap behind the last run is left out, so that an access there leaves the allocation.
    if (gap > 0 && elements_ >= gap) elements_ -= gap;
    bytes_.resize(static_cast<size_t>(elements_) * size_of(dtype));
    visit_floating(dtype, "Pair", [&]<class T>() {
      std::mt19937 engine(seed);
      std::uniform_real_distribution<double> uniform(-1, 1);
      T* values = reinterpret_cast<T*>(bytes_.data());
      for (int64_t i = 0; i < elements_; ++i) values[i] = static_cast<T>(seed ? uniform(engine) : std::nan(""));
    });
    if (!bytes_.empty()) data_ = device::allocate(bytes_.size());
    upload();
  }
  ~Pair() { device::release(data_); }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  Array host() {
    Array a = host_;
    a.data = bytes_.data();
    return a;
  }
  Array on_device() const {
    Array a = host_;
    a.data = data_;
    return a;
  }
  void upload() { device::copy_from_host(data_, bytes_.data(), bytes_.size()); }

  /// The elements in row-major order: of the copy on the CPU, of that on the device.
  std::vector<double> host_values() const { return values(bytes_); }
  std::vector<double> device_values() const {
    std::vector<unsigned char> back(bytes_.size());
    device::copy_to_host(back.data(), data_, back.size());
    return values(back);
  }

 private:
  std::vector<double> values(const std::vector<unsigned char>& bytes) const {
    std::vector<double> found;
    for (int64_t i = 0; i < host_.numel(); ++i) {
      int64_t rest = i, offset = 0;
      for (int axis = host_.rank() - 1; axis >= 0; --axis) {
        offset += rest % host_.shape[axis] * host_.strides[static_cast<size_t>(axis)];
        rest /= host_.shape[axis];
      }
      visit_floating(host_.dtype, "Pair", [&]<class T>() {
        T value;
        std::memcpy(&value, bytes.data() + static_cast<size_t>(offset) * sizeof(T), sizeof(T));
        found.push_back(static_cast<double>(value));
      });
    }
    return found;
  }

  Array host_;
  int64_t elements_ = 0;
  std::vector<unsigned char> bytes_;
  void* data_ = nullptr;
};

/// Both sides of a pair agree to `tolerance` · max(1, |value|).
inline void expect_equal_sides(const Pair& pair, double tolerance, const std::string& what) {
  const std::vector<double> want = pair.host_values(), got = pair.device_values();
  for (size_t i = 0; i < want.size(); ++i) {
    const double slack = tolerance * std::max(1.0, std::abs(want[i]));
    if (got[i] == want[i] || std::abs(got[i] - want[i]) <= slack || (std::isnan(got[i]) && std::isnan(want[i])))
      continue;
    ADD_FAILURE() << what << ": element " << i << " of " << want.size() << " is " << got[i] << " on the device, "
                  << want[i] << " on the CPU";
    return;
  }
}

}  // namespace gg::testing
