// Windows that slide over images: the options of convolutions and pooling, for the operations (ops/conv2d.h,
// ops/pool.h) and for the kernels of every device, and how many places a window has.
#pragma once

#include <cstdint>

#include "core/error.h"

namespace gg {

/// A height and a width, written as one number where both are equal: {.stride = 2} or {.stride = {2, 1}}.
struct Size2 {
  int64_t height, width;

  constexpr Size2(int64_t both) : height(both), width(both) {}
  constexpr Size2(int64_t h, int64_t w) : height(h), width(w) {}
  constexpr int64_t operator[](int axis) const { return axis == 0 ? height : width; }
  constexpr int64_t& operator[](int axis) { return axis == 0 ? height : width; }
  constexpr bool operator==(const Size2&) const = default;
};

/// "3" or "(3, 5)".
inline std::string to_string(Size2 s) {
  return s.height == s.width ? str(s.height) : str("(", s.height, ", ", s.width, ")");
}

struct Conv2dOptions {
  Size2 stride = 1;    ///< ≥ 1
  Size2 padding = 0;   ///< ≥ 0, zeros on either side
  Size2 dilation = 1;  ///< ≥ 1
  int64_t groups = 1;  ///< divides the channels of input and output
};

struct Pool2dOptions {
  Size2 kernel = 2;
  Size2 stride = 0;    ///< 0: as the kernel; kernels get it resolved
  Size2 padding = 0;   ///< at most half the kernel
  Size2 dilation = 1;  ///< max_pool2d only
};

/// The places of a window of `kernel` taps along an axis of `size` elements:
/// ⌊(size + 2·padding − dilation·(kernel − 1) − 1) / stride⌋ + 1; 0 where it does not fit.
constexpr int64_t window_places(int64_t size, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation) {
  int64_t room = size + 2 * padding - dilation * (kernel - 1) - 1;
  return room < 0 ? 0 : room / stride + 1;
}
/// The same along the height (axis 0) or width (axis 1) of an image.
constexpr int64_t window_places(int64_t size, int64_t kernel, const Conv2dOptions& o, int axis) {
  return window_places(size, kernel, o.stride[axis], o.padding[axis], o.dilation[axis]);
}
constexpr int64_t window_places(int64_t size, const Pool2dOptions& o, int axis) {
  return window_places(size, o.kernel[axis], o.stride[axis], o.padding[axis], o.dilation[axis]);
}

}  // namespace gg
