// Convolutions by oneDNN, on the calling thread. Prepared convolutions are kept by their sizes and layouts, since
// making one takes hundreds of microseconds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/conv2d_arrays.h"

namespace gg::cpu {

/// Everything that decides which code oneDNN generates. Plain data: compared and hashed by its bytes.
struct ConvSpec {
  ConvKind kind = ConvKind::forward;
  bool x_last = false, y_last = false;  ///< x (or dx), y (or g) are channels-last in memory, else NCHW
  bool x_free = false, y_free = false;  ///< let oneDNN choose a layout, and convert to and from it
  int8_t unused[3] = {};
  int64_t n = 0, c = 0, h = 0, w = 0;  ///< x [n, c, h, w]
  int64_t o = 0, oh = 0, ow = 0;       ///< y [n, o, oh, ow]
  int64_t kh = 0, kw = 0, groups = 1;
  int64_t stride[2] = {1, 1}, padding[2] = {0, 0}, dilation[2] = {1, 1};

  bool operator==(const ConvSpec&) const = default;
};

class OnednnConv {
 public:
  /// The prepared convolution for a spec, from the store of the most recently used ones. Null where oneDNN refuses.
  static std::shared_ptr<const OnednnConv> get(const ConvSpec& spec);

  virtual ~OnednnConv() = default;

  /// Bytes of a weight in oneDNN's own layout, 0 where row-major is what it uses.
  virtual size_t weight_bytes() const = 0;
  /// From row-major to oneDNN's layout (forward, input_grad).
  virtual void pack_weight(void* to, const float* w) const = 0;
  /// Whether a weight packed for `other` serves this one as well.
  virtual bool same_weight(const OnednnConv& other) const = 0;

  /// x, y: the arrays of the chunk; w: packed where weight_bytes() > 0. Writes y, x or w, as the kind says; weight_grad
  /// writes w row-major.
  virtual void run(float* x, float* w, float* y) const = 0;
};

}  // namespace gg::cpu
