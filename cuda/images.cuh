// Images [N, C, H, W] of any strides as kernels of pooling and resizing see them: one that is read at computed places,
// and one that is written, whose elements the threads share out.
#pragma once

#include "cuda/axes.h"
#include "cuda/platform.h"
#include "cuda/strided.h"

namespace gg::GG_CUDA_NS {

/// An image that is read.
struct ImageView {
  int32_t height, width;
  int32_t stride[4];

  __device__ int32_t plane(const int32_t (&at)[4]) const { return at[0] * stride[0] + at[1] * stride[1]; }
};

/// The image that is written, and how threads share its elements.
struct ImagePlan {
  uint32_t count;
  Divisor channels, height, width;
  bool channels_last;
  int32_t stride[4];

  /// Sets n, c, h and w of element i; returns its offset.
  __device__ int32_t locate(uint32_t i, int32_t (&at)[4]) const {
    auto take = [&](const Divisor& size) {
      const uint32_t outer = size.quotient(i), index = i - outer * size.value;
      i = outer;
      return static_cast<int32_t>(index);
    };
    if (channels_last) at[1] = take(channels);
    at[3] = take(width);
    at[2] = take(height);
    if (!channels_last) at[1] = take(channels);
    at[0] = static_cast<int32_t>(i);
    return at[0] * stride[0] + at[1] * stride[1] + at[2] * stride[2] + at[3] * stride[3];
  }
};

inline bool lies_channels_last(const Array& x) { return x.shape[1] > 1 && x.strides[1] < x.strides[3]; }

/// Elements of `written` in the order of `order`.
inline ImagePlan plan_image(const Array& written, const Array& order) {
  auto divisor = [&](int axis) { return Divisor(static_cast<uint32_t>(written.shape[axis])); };
  ImagePlan plan{
      static_cast<uint32_t>(written.numel()), divisor(1), divisor(2), divisor(3), lies_channels_last(order), {}};
  for (int i = 0; i < 4; ++i) plan.stride[i] = static_cast<int32_t>(written.strides[i]);
  return plan;
}

inline ImageView view_image(const Array& x) {
  ImageView view{static_cast<int32_t>(x.shape[2]), static_cast<int32_t>(x.shape[3]), {}};
  for (int i = 0; i < 4; ++i) view.stride[i] = static_cast<int32_t>(x.strides[i]);
  return view;
}

inline void check_images(const char* op, const Array& a, const Array& b) {
  GG_CHECK(a.rank() == 4 && b.rank() == 4 && a.shape[0] == b.shape[0] && a.shape[1] == b.shape[1], op,
           ": expected two arrays [N,C,H,W] of equal N and C, got ", a.shape, " and ", b.shape);
  check_reach(op, {a, b});
}

}  // namespace gg::GG_CUDA_NS
