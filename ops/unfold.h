// Windows of images as columns of a matrix ("im2col") and back: unfold and its adjoint fold, as PyTorch has them.
#pragma once

#include "core/tensor.h"
#include "core/window.h"

namespace gg {

struct UnfoldOptions {
  Size2 stride = 1;    ///< ≥ 1
  Size2 padding = 0;   ///< ≥ 0, zeros on either side
  Size2 dilation = 1;  ///< ≥ 1
};

/// x [N, C, H, W] to [N, C·kh·kw, places]: column p holds what the window at place p sees, channel by channel, row by
/// row; places are counted row by row as those of conv2d.
Tensor unfold(const Tensor& x, Size2 kernel, const UnfoldOptions& options = {});

/// Columns [N, C·kh·kw, places] to images [N, C, height, width]: each is added where unfold would have read it. The
/// adjoint of unfold, and not its inverse where windows overlap.
Tensor fold(const Tensor& columns, Size2 size, Size2 kernel, const UnfoldOptions& options = {});

}  // namespace gg
