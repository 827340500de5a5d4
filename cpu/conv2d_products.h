// Convolutions as matrix products with gathered columns: any type, strides and groups. What cpu/image_conv.h does not
// take, and the check of what it does.
#pragma once

#include "core/conv2d_arrays.h"

namespace gg::cpu {

/// x [N,C,H,W] and y [N,O,OH,OW], each NCHW or channels-last; w [O, C/groups, kh, kw] row-major.
struct Conv2dProblem {
  Array x, w, y;
  Conv2dOptions o;

  int64_t n() const { return x.shape[0]; }
  int64_t group_in() const { return w.shape[1]; }
  int64_t group_out() const { return w.shape[0] / o.groups; }
  int64_t kernel() const { return w.shape[1] * w.shape[2] * w.shape[3]; }  ///< taps of one output
  int64_t places() const { return y.shape[2] * y.shape[3]; }
  double flops() const { return 2.0 * n() * w.shape[0] * places() * kernel(); }
};

/// Images [begin, end) of the problem. Writes y or x; adds the weight gradient to `dw`, laid out as w.
template <class T>
void conv2d_by_products(const Conv2dProblem& q, ConvKind kind, int64_t begin, int64_t end, T* dw);

}  // namespace gg::cpu
