#include "cuda/conv_problem.h"

namespace gg {
namespace {

bool has_strides(const Array& image, const int64_t (&strides)[4]) {
  for (int i = 0; i < 4; ++i) {
    if (image.shape[i] != 1 && image.strides[i] != strides[i]) return false;
  }
  return true;
}

}  // namespace

bool is_nchw(const Array& image) {
  const Shape& s = image.shape;
  return has_strides(image, {s[1] * s[2] * s[3], s[2] * s[3], s[3], 1});
}

bool is_channels_last(const Array& image) {
  const Shape& s = image.shape;
  return has_strides(image, {s[1] * s[2] * s[3], 1, s[3] * s[1], s[1]});
}

}  // namespace gg
