// A convolution of some images that lie channels last, on the calling thread: what cpu/conv2d.cpp cuts its batch into.
// Two implementations, of which image_conv() takes the fastest for the sizes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/conv2d_arrays.h"

namespace gg::cpu {

/// The sizes of a convolution. Plain data: compared and hashed by its bytes.
struct ConvSpec {
  ConvKind kind = ConvKind::forward;
  int8_t unused[7] = {};
  int64_t n = 0, c = 0, h = 0, w = 0;  ///< x (or dx) [n, h, w, c] in memory
  int64_t o = 0, oh = 0, ow = 0;       ///< y (or g) [n, oh, ow, o]
  int64_t kh = 0, kw = 0, groups = 1;  ///< w (or dw) [o, c / groups, kh, kw]
  int64_t stride[2] = {1, 1}, padding[2] = {0, 0}, dilation[2] = {1, 1};

  bool operator==(const ConvSpec&) const = default;
};

class ImageConv {
 public:
  virtual ~ImageConv() = default;

  /// Floats of a weight (or its gradient) in the layout that run() works with; 0: row-major.
  virtual size_t weight_floats() const = 0;
  /// From row-major to that layout (forward, input_grad), and back (weight_grad).
  virtual void pack_weight(float* to, const float* w) const = 0;
  virtual void unpack_weight(float* w, const float* from) const = 0;
  /// Whether that layout is the one of `other`, which is of the same kind.
  virtual bool same_weight(const ImageConv& other) const = 0;

  /// Writes y, x or w, as the kind says.
  virtual void run(float* x, float* w, float* y) const = 0;
};

/// Null where no implementation takes the sizes.
std::shared_ptr<const ImageConv> image_conv(const ConvSpec& spec);

/// By oneDNN. Kept by their specs, since making one takes hundreds of microseconds.
std::shared_ptr<const ImageConv> onednn_conv(const ConvSpec& spec);

/// For images with few channels, forward and input_grad: libraries fill a register with channels, of which most would
/// be padding. One group.
std::shared_ptr<const ImageConv> few_channels_conv(const ConvSpec& spec);

}  // namespace gg::cpu
