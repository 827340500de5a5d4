// What the normalisations ask of their arrays, on the host.
#pragma once

#include "cuda/axes.h"
#include "cuda/platform.h"

namespace gg::GG_CUDA_NS {

inline int32_t step_of(const Array& vector) { return static_cast<int32_t>(vector.strides[0]); }

/// A vector as an array of rank `rank` that lies along `axis`, and repeats along the others if their sizes are given.
inline Array along(const Array& vector, int axis, int rank, const Shape* shape = nullptr) {
  Array a{vector.data, vector.dtype, {}, {}};
  for (int i = 0; i < rank; ++i) a.shape.push_back(i == axis ? vector.shape[0] : shape ? (*shape)[i] : 1);
  a.strides[axis] = vector.strides[0];
  return a;
}

inline void check_vector(const char* op, const Array& v, int64_t n, const Array& x) {
  GG_CHECK(v.shape == Shape{n} && v.dtype == x.dtype, op, ": expected ", x.dtype, " [", n, "], got ", v.dtype, " ",
           v.shape);
  check_reach(op, {v});
}

inline void check_same(const char* op, const Array& a, const Array& x) {
  GG_CHECK(a.shape == x.shape && a.dtype == x.dtype, op, ": expected ", x.dtype, " ", x.shape, ", got ", a.dtype, " ",
           a.shape);
  check_reach(op, {a, x});
}

inline double one_of(int64_t n) { return n > 0 ? 1 / static_cast<double>(n) : 0; }

}  // namespace gg::GG_CUDA_NS
