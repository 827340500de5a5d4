// Products of batches of matrices on a device, by cuBLAS (cuda/blas.h).
#pragma once

#include "core/array.h"
#include "cuda/device_api.h"

GG_DEVICE_API(
    /// out = a · b, with a [..., m, k], b [..., k, n], out [..., m, n], f32 or f64, all of the same rank ≥ 2 and the
    /// same batch axes, of which those of a and b may have stride 0. Any strides: transposed matrices are passed on as
    /// such, and only a matrix whose elements lie next to each other along neither axis is copied. What was in `out`
    /// does not matter. One call of cuBLAS for all batch axes that can be merged, one for each item of the others.
    void matmul(gg::Array out, gg::Array a, gg::Array b);

    /// out += a · b.
    void matmul_add(gg::Array out, gg::Array a, gg::Array b);)
