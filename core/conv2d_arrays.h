// What the convolution kernels of every device agree on about their arrays: x [N, C, H, W], w [O, C/groups, kh, kw],
// y [N, O, OH, OW], one of which is computed from the other two. Options and sizes: core/window.h.
#pragma once

#include "core/array.h"
#include "core/window.h"

namespace gg {

/// Which of the three is computed: y, the gradient of x, the gradient of w.
enum class ConvKind : int8_t { forward, input_grad, weight_grad };

/// Whether an image lies in memory as [N, C, H, W] or as [N, H, W, C], packed; axes of size 1 do not count.
bool is_nchw(const Array& image);
bool is_channels_last(const Array& image);
/// One of the two.
Layout image_layout(const Shape& image, bool channels_last);

/// Throws, naming `op`, unless ranks, sizes and options fit each other.
void check_conv2d(const Array& x, const Array& w, const Array& y, const Conv2dOptions& o, const char* op);

}  // namespace gg
