// Two-dimensional convolution on a device, and its two adjoints: the CPU's cpu/conv2d.h, with its sizes and signatures.
//
// Two paths compute them. Our own gathers the input under each tap of the kernel into a matrix of columns and
// multiplies (cuda/conv_columns.cu); cuDNN's (cuda/conv_cudnn.cu) is used where the library is there, has a
// deterministic algorithm for the sizes, and is the faster one. GG_CONV=own|cudnn in the environment chooses one.
//
// Memory: images may be NCHW or channels-last and weights are row-major; others are copied first, and so are weights
// for channels-last images. The same bits for the same arguments on the same device and libraries.
#pragma once

#include "core/array.h"
#include "core/window.h"
#include "cuda/device_api.h"

namespace gg {

enum class ConvPath {
  automatic,  ///< on `cuda` cuDNN where it is installed, but for small problems; else our own
  own,
  cudnn,  ///< throws where cuDNN is missing; what it has no deterministic algorithm for runs on our own
};

}  // namespace gg

GG_DEVICE_API(
    /// out = x * w.
    void conv2d_forward(gg::Array out, gg::Array x, gg::Array w, gg::Conv2dOptions o);

    /// dx = the adjoint in x: Σ g·(x * w) = Σ dx·x.
    void conv2d_input_grad(gg::Array dx, gg::Array g, gg::Array w, gg::Conv2dOptions o);

    /// dw = the adjoint in w.
    void conv2d_weight_grad(gg::Array dw, gg::Array x, gg::Array g, gg::Conv2dOptions o);

    /// columns [N, C·kh·kw, OH·OW], row-major = the elements of x [N, C, H, W], any strides, under each tap at each
    /// place; 0 outside. No groups.
    void unfold(gg::Array columns, gg::Array x, gg::Size2 kernel, gg::Conv2dOptions o);

    /// Its adjoint: x = the sum of the columns at their places; what was in x does not matter.
    void fold(gg::Array x, gg::Array columns, gg::Size2 kernel, gg::Conv2dOptions o);

    /// Preset by GG_CONV; may be set at any time.
    gg::ConvPath & conv_path();

    /// Bytes of columns that our own path makes at a time, or those of one image where that takes more; 64 MiB. The
    /// chunks, and so the last bits of weight gradients, depend on it.
    size_t & conv_columns_limit();)
