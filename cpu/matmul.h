// Matrix products. Which code runs: small loops of our own for tiny products, OpenBLAS where all sizes are small or n
// is thin, our own blocked product (kernels/gemm.h) where only b is transposed and there is AVX-512, oneDNN's sgemm for
// the rest; for f64 OpenBLAS' dgemm, or our own where several threads share the work, since OpenBLAS admits one of them
// at a time.
//
// A product is split along the longer of m and n, and along k where both are short and k is very long. The cuts depend
// on the sizes only, so the result has the same bits for any number of threads.
#pragma once

#include <string>

#include "core/array.h"

namespace gg::cpu {

/// out = a · b, with a [..., m, k], b [..., k, n], out [..., m, n], f32 or f64, all of the same rank ≥ 2 and the same
/// batch axes, of which those of a and b may have stride 0. Any strides: transposed matrices are passed on as such, and
/// only a matrix whose elements lie next to each other along neither axis is copied. What was in `out` does not matter.
void matmul(Array out, Array a, Array b);

/// out += a · b.
void matmul_add(Array out, Array a, Array b);

enum class GemmBackend {
  automatic,  ///< by size, as described above
  openblas,
  onednn,  ///< f32 only; f64 goes to OpenBLAS
  own,
};

/// For tests and for processors on which a library gives wrong results. Not to be called while products run.
void set_gemm_backend(GemmBackend backend);
GemmBackend gemm_backend();

struct GemmSelfTest {
  bool ok = false;
  double worst = 0;  ///< largest error in units of machine epsilon · sqrt(k) · Σ|a·b|; right results stay below 2
  std::string text;  ///< one line: the libraries, the processor kernel in use, the worst error and its shape
};

/// Multiplies some dozens of shapes by the present backend and compares them with a plain loop in double precision.
/// Takes some milliseconds.
GemmSelfTest gemm_self_test();

}  // namespace gg::cpu
