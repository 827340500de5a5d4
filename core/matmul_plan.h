// How a product of batches of strided matrices becomes calls of a BLAS: shared by the CPU (cpu/matmul.cpp) and the
// devices (cuda/matmul.cu). A BLAS takes matrices whose rows, or whose columns, lie at one distance (the leading
// dimension); others must be copied first. Batch axes become more rows where they can, and are merged where they lie
// evenly.
#pragma once

#include "core/array.h"

namespace gg {

/// How a BLAS sees a row-major matrix: its rows lie at distance `ld`, or, transposed, its columns do.
struct BlasView {
  bool possible = false;
  bool transposed = false;
  int64_t ld = 1;
};

BlasView blas_view(int64_t rows, int64_t cols, int64_t row_stride, int64_t col_stride);
/// Of the matrices that the last two axes span.
BlasView blas_view(const Array& x);

/// The same elements with the last two axes swapped.
Array transposed(Array x);

/// Elements of x, those along broadcast batch axes counted once.
int64_t distinct_numel(const Array& x);

/// A row-major array of the distinct elements of x, at `buffer`, and where to copy them from: broadcast batch axes stay
/// broadcast.
struct CompactCopy {
  Array to, from;  ///< of equal shape: what to copy
  Array array;     ///< x as it then lies in the buffer
};
CompactCopy compact_copy(const Array& x, void* buffer);

/// A batch of equal products c = a·b of m × k and k × n matrices. Item (i₀, i₁, …) of the batch, i₀ along the innermost
/// axis, lies at Σ iⱼ·strides[operand][j].
struct MatmulPlan {
  int64_t m = 0, n = 0, k = 0;
  int64_t a_row = 0, a_col = 0, b_row = 0, b_col = 0;
  BlasView a, b;
  int64_t ldc = 0;  ///< distance between the rows of c

  int axes = 0;  ///< of the batch
  int64_t sizes[kMaxRank] = {};
  int64_t strides[3][kMaxRank] = {};  ///< of a, b and c; 0 where broadcast

  int64_t batch() const {
    int64_t n = 1;
    for (int i = 0; i < axes; ++i) n *= sizes[i];
    return n;
  }
};

/// Throws, naming the shapes, unless out [..., m, n] = a [..., m, k] times b [..., k, n], all of one rank ≥ 2.
void check_matmul(const Array& out, const Array& a, const Array& b);

/// For operands with a BLAS view each, of which that of `out` is not transposed (else plan outᵀ = bᵀ·aᵀ).
MatmulPlan plan_matmul(const Array& out, const Array& a, const Array& b);

}  // namespace gg
