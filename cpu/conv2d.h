// Two-dimensional convolution (cross-correlation, as everywhere in deep learning) and its two adjoints. The three are
// closed under differentiation: each is linear in either argument, and its derivatives are the other two.
//
// Sizes: x [N, C, H, W], w [O, C/groups, kh, kw], out and g [N, O, OH, OW], OH and OW as window_places gives them.
// A transposed convolution is conv2d_input_grad with an H that fits.
//
// Memory: x, g, out and dx may be NCHW or channels-last, w and dw are row-major; other layouts are copied first.
// f32 works on channels-last images, in chunks of the batch (cpu/image_conv.h); f64 as matrix products. The bits of the
// results do not depend on the number of threads.
#pragma once

#include "core/array.h"
#include "core/window.h"

namespace gg::cpu {

/// out = x * w, plus b [O] in every place where it is given.
void conv2d_forward(Array out, Array x, Array w, Conv2dOptions o, Array b = {});

/// dx = the adjoint in x: Σ g·(x * w) = Σ dx·x, plus b [C] in every place where it is given.
void conv2d_input_grad(Array dx, Array g, Array w, Conv2dOptions o, Array b = {});

/// dw = the adjoint in w.
void conv2d_weight_grad(Array dw, Array x, Array g, Conv2dOptions o);

/// columns [N, C·kh·kw, OH·OW], row-major = the elements of x [N, C, H, W], any strides, under each tap at each place;
/// 0 outside. No groups.
void unfold(Array columns, Array x, Size2 kernel, Conv2dOptions o);

/// Its adjoint: x = the sum of the columns at their places; what was in x does not matter.
void fold(Array x, Array columns, Size2 kernel, Conv2dOptions o);

}  // namespace gg::cpu
