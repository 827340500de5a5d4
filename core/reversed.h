// An array walked from its other end. Only for kernels and their callers: layouts of tensors have no negative strides.
#pragma once

#include "core/array.h"

namespace gg {

/// The same elements with `axis` (counted from the front) in the opposite order.
inline Array reversed(Array a, int axis) {
  if (a.shape[axis] == 0) return a;
  a.data = static_cast<char*>(a.data) + (a.shape[axis] - 1) * a.strides[axis] * static_cast<int64_t>(size_of(a.dtype));
  a.strides[axis] = -a.strides[axis];
  return a;
}

}  // namespace gg
