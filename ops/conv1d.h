// Convolution along one axis, x [N, C, L]: conv2d.h with a height of one.
#pragma once

#include "core/tensor.h"

namespace gg {

struct Conv1dOptions {
  int64_t stride = 1;    ///< ≥ 1
  int64_t padding = 0;   ///< ≥ 0, zeros on either side
  int64_t dilation = 1;  ///< ≥ 1
  int64_t groups = 1;    ///< divides the channels of input and output
};

/// x [N, C, L], w [O, C/groups, k], b [O] or undefined: [N, O, L'],
/// L' = ⌊(L + 2·padding − dilation·(k − 1) − 1) / stride⌋ + 1.
Tensor conv1d(const Tensor& x, const Tensor& w, const Tensor& b = {}, const Conv1dOptions& options = {});

struct ConvTranspose1dOptions {
  int64_t stride = 1;
  int64_t padding = 0;
  int64_t output_padding = 0;  ///< elements added at the end, less than the larger of stride and dilation
  int64_t dilation = 1;
  int64_t groups = 1;
};

/// The transposed convolution: x [N, C, L], w [C, O/groups, k], b [O] or undefined: [N, O, L'],
/// L' = (L − 1)·stride − 2·padding + dilation·(k − 1) + output_padding + 1.
Tensor conv_transpose1d(const Tensor& x, const Tensor& w, const Tensor& b = {},
                        const ConvTranspose1dOptions& options = {});

struct Pool1dOptions {
  int64_t kernel = 2;
  int64_t stride = 0;   ///< 0: as the kernel
  int64_t padding = 0;  ///< at most half the kernel
};
/// Largest element of each window of x [N, C, L]; the gradient goes to the first of equal elements.
Tensor max_pool1d(const Tensor& x, const Pool1dOptions& options = {});
/// Mean of each window; padded zeros count.
Tensor avg_pool1d(const Tensor& x, const Pool1dOptions& options = {});

}  // namespace gg
