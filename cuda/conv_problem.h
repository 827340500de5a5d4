// A convolution as the code behind cuda/conv2d.h passes it on: y = x * w, with one of the three to be computed.
#pragma once

#include "core/conv2d_arrays.h"
#include "cuda/device_api.h"

namespace gg {

/// x [N, C, H, W] of any strides and y [N, O, OH, OW], NCHW or channels-last; w contiguous, [O, C/groups, kh, kw] or,
/// for channels-last, [O, kh, kw, C/groups].
struct ConvProblem {
  ConvKind kind;
  Array x, w, y;
  Conv2dOptions o;
  bool last;       ///< y is channels-last
  int64_t kh, kw;  ///< taps of the kernel

  int64_t images() const { return x.shape[0]; }
  int64_t group_in() const { return x.shape[1] / o.groups; }
  int64_t group_out() const { return y.shape[1] / o.groups; }
  int64_t taps() const { return kh * kw; }
  int64_t kernel() const { return group_in() * taps(); }
  int64_t places() const { return y.shape[2] * y.shape[3]; }  ///< of one image
};

}  // namespace gg

GG_DEVICE_API(
    /// Our own path.
    void conv_by_columns(const gg::ConvProblem& problem);

    /// cuDNN's: false, with nothing done, where it has no deterministic algorithm. Here x lies as y does.
    bool conv_by_cudnn(const gg::ConvProblem& problem);
    /// Whether cuDNN can be opened.
    bool has_cudnn();)
