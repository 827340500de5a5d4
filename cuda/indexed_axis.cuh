// What picking by positions (index_kernels.cu) and adding at positions (index_add.cu) share.
#pragma once

#include "cuda/axes.h"
#include "cuda/faults.cuh"

namespace gg::GG_CUDA_NS {

inline constexpr int kIndexThreads = 256;

/// The axis that positions count along.
struct IndexedAxis {
  Fault::Kind kind;  ///< the operation, for messages
  int axis;
  uint32_t size;
  int32_t step;            ///< between neighbours along the axis, in the array that has `size` of them
  int32_t place_step = 1;  ///< between the numbers of an index, for messages
};

inline __device__ bool is_valid(int64_t position, const IndexedAxis& axis) {
  return static_cast<uint64_t>(position) < axis.size;
}

inline __device__ void note_fault(Fault* fault, const IndexedAxis& axis, int64_t position, int32_t place) {
  note_fault(fault, axis.kind, position, axis.place_step ? place / axis.place_step : 0, axis.size, axis.axis);
}

inline unsigned index_grid(int64_t threads) { return grid_for(threads, kIndexThreads); }

/// `a` seen with another shape; its own axis `axis`, which others index, with a stride of 0.
inline Array without_axis(const Array& a, int axis, const Shape& shape) {
  Array view{a.data, a.dtype, shape, a.strides};
  view.strides[axis] = 0;
  return view;
}

/// Positions along one axis as an array of `shape`.
inline Array along(const Array& index, int axis, const Shape& shape) {
  Array view{index.data, index.dtype, shape, {}};
  view.strides[axis] = index.strides[0];
  return view;
}

inline IndexedAxis indexed(Fault::Kind kind, const Array& whole, int axis, int64_t place_step) {
  return {kind, axis, static_cast<uint32_t>(whole.shape[axis]), static_cast<int32_t>(whole.strides[axis]),
          static_cast<int32_t>(place_step)};
}

inline void check_slices(const char* op, const Array& whole, const Array& slices, const Array& index, int axis) {
  GG_CHECK(index.dtype == i64 && index.rank() == 1, op, ": expected int64 positions along one axis, got ", index.dtype,
           " ", index.shape);
  GG_CHECK(whole.rank() == slices.rank() && whole.dtype == slices.dtype, op, ": ", whole.dtype, " ", whole.shape,
           " and ", slices.dtype, " ", slices.shape, " do not fit");
  for (int i = 0; i < whole.rank(); ++i) {
    const int64_t expected = i == axis ? index.numel() : whole.shape[i];
    GG_CHECK(slices.shape[i] == expected, op, ": expected size ", expected, " along axis ", i, " of ", slices.shape);
  }
}

inline void check_elements(const char* op, const Array& whole, const Array& elements, const Array& index, int axis) {
  GG_CHECK(index.dtype == i64, op, ": expected int64 positions, got ", index.dtype);
  GG_CHECK(elements.shape == index.shape && whole.rank() == index.rank() && whole.dtype == elements.dtype, op, ": ",
           whole.dtype, " ", whole.shape, ", ", elements.dtype, " ", elements.shape, " and positions ", index.shape,
           " do not fit");
  for (int i = 0; i < whole.rank(); ++i) {
    GG_CHECK(i == axis || index.shape[i] <= whole.shape[i], op, ": positions ", index.shape, " exceed ", whole.shape,
             " along axis ", i);
  }
}

}  // namespace gg::GG_CUDA_NS
