// Array: a tensor as kernels see it: a pointer to the first element, the element type, sizes and strides. Kernels take
// Arrays and other trivially copyable values, write into preallocated outputs, and keep no state of their own.
#pragma once

#include "core/dtype.h"
#include "core/layout.h"

namespace gg {

struct Array {
  void* data = nullptr;  ///< the first element: the layout's offset is already applied
  DType dtype = DType::f32;
  Shape shape;
  std::array<int64_t, kMaxRank> strides{};

  int rank() const { return shape.rank(); }
  int64_t numel() const { return shape.numel(); }
  bool is_contiguous() const { return layout().is_contiguous(); }
  Layout layout() const { return {shape, strides, 0}; }

  /// The same elements broadcast to `to` by strides of 0; throws, naming `op`, where they do not fit.
  Array expanded(const Shape& to, const char* op) const {
    if (shape == to) return *this;
    Layout l = layout().expanded(to, op);
    return {data, dtype, l.shape, l.strides};
  }

  template <class T>
  T* as() const {
    return static_cast<T*>(data);
  }
};

}  // namespace gg
