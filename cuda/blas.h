// General matrix products on a device: one function, computed by cuBLAS on `cuda` and by a checking stand-in on
// `emulated`. Products of tensors: cuda/matmul.h.
#pragma once

#include "cuda/device_api.h"

namespace gg {

/// c = alpha·op(a)·op(b) + beta·c for each item of a batch, as a BLAS has it: matrices are column-major, element (i, j)
/// at i + j·ld; op(a) is m × k, op(b) is k × n, c is m × n and overlaps neither. Items lie `stride` elements apart; a
/// stride of 0 repeats an operand. beta = 0 does not read c. Sizes of 0 are allowed.
template <class T>
struct Gemm {
  struct In {
    const T* data = nullptr;
    int64_t ld = 1;
    bool transposed = false;
    int64_t stride = 0;
  };
  struct Out {
    T* data = nullptr;
    int64_t ld = 1;
    int64_t stride = 0;
  };
  int64_t m = 0, n = 0, k = 0;
  In a, b;
  Out c;
  int64_t batch = 1;
  T alpha = 1, beta = 0;
};

}  // namespace gg

GG_DEVICE_API(
    /// T: float or double. The same bits for the same arguments on the same device and library. Throws gg::Error on
    /// sizes and leading dimensions beyond 2^31-1.
    template <class T> void gemm(const gg::Gemm<T>& product);

    /// Whether float32 products and convolutions may round their factors to TF32 (10 bits of mantissa, several times
    /// the speed on GPUs since Ampere). Off unless GG_TF32=1 is in the environment; may be set at any time.
    bool& allow_tf32();)
