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

  template <class T>
  T* as() const {
    return static_cast<T*>(data);
  }
};

}  // namespace gg
