// Two-dimensional convolution (cross-correlation, as everywhere in deep learning) and its two adjoints. The three are
// closed under differentiation: each is linear in either argument, and its derivatives are the other two.
//
// Sizes: x [N, C, H, W], w [O, C/groups, kh, kw], out and g [N, O, OH, OW] with
//   OH = (H + 2·padding[0] - dilation[0]·(kh - 1) - 1) / stride[0] + 1, rounded down, and OW alike.
// A transposed convolution is conv2d_input_grad with an H that fits.
//
// Memory: x, g, out and dx may be NCHW or channels-last, w and dw are row-major; other layouts are copied first.
// f32 runs in oneDNN (cpu/onednn_conv.h), in chunks of the batch; f64, and the cases that oneDNN does badly, as matrix
// products. The bits of the results do not depend on the number of threads.
#pragma once

#include "core/array.h"

namespace gg::cpu {

struct Conv2dParams {
  int64_t stride[2] = {1, 1};    ///< ≥ 1
  int64_t padding[2] = {0, 0};   ///< ≥ 0, zeros on either side
  int64_t dilation[2] = {1, 1};  ///< ≥ 1
  int64_t groups = 1;            ///< divides C and O
};

/// out = x * w.
void conv2d_forward(Array out, Array x, Array w, Conv2dParams p);

/// dx = the adjoint in x: Σ g·(x * w) = Σ dx·x.
void conv2d_input_grad(Array dx, Array g, Array w, Conv2dParams p);

/// dw = the adjoint in w.
void conv2d_weight_grad(Array dw, Array x, Array g, Conv2dParams p);

/// OH or OW for axis 0 or 1; 0 where the kernel does not fit.
int64_t conv2d_out_size(int64_t size, int64_t kernel, const Conv2dParams& p, int axis);

}  // namespace gg::cpu
