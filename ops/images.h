// What operations on images [N, C, H, W] share.
#pragma once

#include "core/tensor.h"

namespace gg::detail {

inline void check_image(const Tensor& x, const char* op) {
  GG_CHECK(x.rank() == 4, op, ": expected [N,C,H,W], got shape ", x.shape());
}

inline void check_floating_image(const Tensor& x, const char* op) {
  check_image(x, op);
  GG_CHECK(is_floating(x.dtype()), op, ": expected a floating tensor, got ", name_of(x.dtype()));
}

/// Throws unless images can be made height x width large by reading their elements.
inline void check_resize(const Tensor& x, int64_t height, int64_t width, const char* op) {
  check_floating_image(x, op);
  GG_CHECK(height >= 1 && width >= 1 && x.size(2) >= 1 && x.size(3) >= 1, op, ": cannot resize ", x.shape(), " to ",
           height, " x ", width);
}

/// The images' shape but for height and width.
inline Shape resized(const Shape& s, int64_t height, int64_t width) { return {s[0], s[1], height, width}; }

/// Uninitialised images of another size, in x's axis order.
inline Tensor empty_resized(const Tensor& x, int64_t height, int64_t width) {
  const Shape shape = resized(x.shape(), height, width);
  return empty(shape, x.options()).with_layout(Layout::dense_like(shape, x.layout()));
}

}  // namespace gg::detail
