#include "core/conv2d_arrays.h"

namespace gg {
namespace {

bool lies_as(const Array& image, const Layout& layout) {
  for (int i = 0; i < 4; ++i) {
    auto at = static_cast<size_t>(i);
    if (image.shape[i] != 1 && image.strides[at] != layout.strides[at]) return false;
  }
  return true;
}

}  // namespace

Layout image_layout(const Shape& s, bool channels_last) {
  if (channels_last) return {s, {s[1] * s[2] * s[3], 1, s[3] * s[1], s[1]}, 0};
  return {s, {s[1] * s[2] * s[3], s[2] * s[3], s[3], 1}, 0};
}

bool is_nchw(const Array& image) { return lies_as(image, image_layout(image.shape, false)); }
bool is_channels_last(const Array& image) { return lies_as(image, image_layout(image.shape, true)); }

void check_conv2d(const Array& x, const Array& w, const Array& y, const Conv2dOptions& o, const char* op) {
  GG_CHECK(x.rank() == 4 && w.rank() == 4 && y.rank() == 4, op, ": expected four axes each, got ", x.shape, ", ",
           w.shape, " and ", y.shape);
  GG_CHECK(o.groups >= 1 && x.shape[1] == w.shape[1] * o.groups && w.shape[0] % o.groups == 0, op, ": ", x.shape[1],
           " channels do not fit a weight of ", w.shape, " with ", o.groups, " groups");
  for (int i = 0; i < 2; ++i) {
    GG_CHECK(o.stride[i] >= 1 && o.dilation[i] >= 1 && o.padding[i] >= 0, op,
             ": stride and dilation must be at least 1 and padding at least 0");
    int64_t expected = window_places(x.shape[2 + i], w.shape[2 + i], o, i);
    GG_CHECK(y.shape[2 + i] == expected, op, ": expected an output of size ", expected, " along axis ", 2 + i, ", got ",
             y.shape[2 + i]);
  }
  GG_CHECK(y.shape[0] == x.shape[0] && y.shape[1] == w.shape[0], op, ": output ", y.shape, " does not fit input ",
           x.shape, " and weight ", w.shape);
}

}  // namespace gg
