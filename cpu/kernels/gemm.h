// Our own matrix product: for what the libraries cannot do, such as f64 by several threads at once, and their check
// (cpu/matmul.h decides which runs).
#pragma once

#include <cstddef>
#include <cstdint>

#include "cpu/kernels/table.h"

namespace gg::cpu {

/// c = a · b, or c += a · b, with a [m,k], b [k,n], c [m,n]; a and b have any strides, in elements (row, column), the
/// rows of c lie at distance ldc.
template <class T>
struct GemmArgs {
  int64_t m, n, k;
  const T* a;
  int64_t a_row, a_col;
  const T* b;
  int64_t b_row, b_col;
  T* c;
  int64_t ldc;
  bool add;
};

struct GemmKernels {
  size_t scratch_bytes;                                ///< room for packed blocks that `f32` and `f64` need
  void (*f32)(const GemmArgs<float>&, void* scratch);  ///< blocked, for any size
  void (*f64)(const GemmArgs<double>&, void* scratch);
  void (*tiny_f32)(const GemmArgs<float>&);  ///< no set-up cost: for m, n, k ≤ 16
  void (*tiny_f64)(const GemmArgs<double>&);
};

GG_CPU_KERNEL_TABLE(GemmKernels, gemm_kernels)

}  // namespace gg::cpu
