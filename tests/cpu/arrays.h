// What the kernel tests share: arrays that own their memory, in any axis order, and pseudo-random numbers.
#pragma once

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <numeric>
#include <vector>

#include "core/array.h"
#include "core/parallel.h"

namespace gg::cpu_test {

/// An array with its memory. `order` lists the axes from the outermost in memory to the innermost; `gap` leaves that
/// many unused elements after each innermost run.
template <class T>
struct Owned {
  std::vector<unsigned char> bytes;
  Array array;

  explicit Owned(const Shape& shape, std::vector<int> order = {}, int64_t gap = 0) {
    if (order.empty()) {
      for (int i = 0; i < shape.rank(); ++i) order.push_back(i);
    }
    array.dtype = dtype_of<T>;
    array.shape = shape;
    int64_t stride = 1;
    for (int i = shape.rank() - 1; i >= 0; --i) {
      array.strides[order[i]] = stride;
      stride *= shape[order[i]];
      if (i == shape.rank() - 1) stride += gap;
    }
    bytes.assign(std::max<int64_t>(stride, 1) * sizeof(T), 0xff);  // NaN, so that what is not written shows
    array.data = bytes.data();
  }
  Owned(const Owned& other) : bytes(other.bytes), array(other.array) { array.data = bytes.data(); }

  operator Array() const { return array; }
  T& at(int64_t flat) {  // by row-major position
    int64_t offset = 0;
    for (int i = array.rank() - 1; i >= 0; --i) {
      offset += flat % array.shape[i] * array.strides[i];
      flat /= array.shape[i];
    }
    return array.as<T>()[offset];
  }
  T& operator()(std::initializer_list<int64_t> index) {
    int64_t offset = 0;
    int axis = 0;
    for (int64_t i : index) offset += i * array.strides[axis++];
    return array.as<T>()[offset];
  }
  int64_t numel() const { return array.numel(); }

  /// Values in [low, high), a pure function of `seed`; integers for integer types.
  Owned& randomize(uint64_t seed, double low = -1, double high = 1) {
    for (int64_t i = 0; i < numel(); ++i) {
      uint64_t z = (seed * 0x9e3779b97f4a7c15ull + i + 1) * 0xbf58476d1ce4e5b9ull;
      z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
      z ^= z >> 31;
      double value = low + (high - low) * (static_cast<double>(z >> 11) * 0x1p-53);
      at(i) = static_cast<T>(std::is_integral_v<T> ? std::floor(value) : value);
    }
    return *this;
  }
  std::vector<T> values() {  // row-major
    std::vector<T> v;
    for (int64_t i = 0; i < numel(); ++i) v.push_back(at(i));
    return v;
  }
};

/// Whether two arrays hold the same bits, gaps included.
template <class T>
bool same_bits(const Owned<T>& a, const Owned<T>& b) {
  return a.bytes == b.bytes;
}

/// Runs `fn` with 1, 2 and 3 threads and returns whether it gave the same bytes each time.
inline bool same_for_any_threads(const std::function<std::vector<unsigned char>()>& fn) {
  int before = num_threads();
  std::vector<std::vector<unsigned char>> results;
  for (int n : {1, 2, 3}) {
    set_num_threads(n);
    results.push_back(fn());
  }
  set_num_threads(before);
  return results[0] == results[1] && results[0] == results[2];
}

}  // namespace gg::cpu_test
