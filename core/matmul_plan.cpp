#include "core/matmul_plan.h"

#include <algorithm>

namespace gg {

BlasView blas_view(int64_t rows, int64_t cols, int64_t row_stride, int64_t col_stride) {
  if ((col_stride == 1 || cols == 1) && (rows == 1 || row_stride >= std::max<int64_t>(cols, 1))) {
    return {true, false, rows == 1 ? std::max<int64_t>(cols, 1) : row_stride};
  }
  if ((row_stride == 1 || rows == 1) && (cols == 1 || col_stride >= std::max<int64_t>(rows, 1))) {
    return {true, true, cols == 1 ? std::max<int64_t>(rows, 1) : col_stride};
  }
  return {};
}

BlasView blas_view(const Array& x) {
  int r = x.rank();
  return blas_view(x.shape[r - 2], x.shape[r - 1], x.strides[r - 2], x.strides[r - 1]);
}

Array transposed(Array x) {
  int r = x.rank();
  std::swap(x.shape[r - 2], x.shape[r - 1]);
  std::swap(x.strides[r - 2], x.strides[r - 1]);
  return x;
}

int64_t distinct_numel(const Array& x) {
  int64_t n = 1;
  for (int i = 0; i < x.rank(); ++i) n *= i < x.rank() - 2 && x.strides[i] == 0 ? 1 : x.shape[i];
  return n;
}

CompactCopy compact_copy(const Array& x, void* buffer) {
  Array small = x;
  for (int i = 0; i < x.rank() - 2; ++i) {
    if (x.strides[i] == 0) small.shape[i] = 1;
  }
  Array to = small;
  to.data = buffer;
  to.strides = Layout::contiguous(small.shape).strides;
  Array array = to;
  array.shape = x.shape;
  for (int i = 0; i < x.rank(); ++i) {
    if (small.shape[i] != x.shape[i]) array.strides[i] = 0;
  }
  return {to, small, array};
}

void check_matmul(const Array& out, const Array& a, const Array& b) {
  int r = out.rank();
  GG_CHECK(r >= 2 && a.rank() == r && b.rank() == r, "matmul: expected three arrays of one rank ≥ 2, got ", out.shape,
           " = ", a.shape, " times ", b.shape);
  GG_CHECK(a.shape[r - 1] == b.shape[r - 2] && a.shape[r - 2] == out.shape[r - 2] && b.shape[r - 1] == out.shape[r - 1],
           "matmul: sizes do not fit: ", out.shape, " = ", a.shape, " times ", b.shape);
}

MatmulPlan plan_matmul(const Array& out, const Array& a, const Array& b) {
  int r = out.rank();
  MatmulPlan p;
  p.m = out.shape[r - 2];
  p.n = out.shape[r - 1];
  p.k = a.shape[r - 1];
  p.a_row = a.strides[r - 2];
  p.a_col = a.strides[r - 1];
  p.b_row = b.strides[r - 2];
  p.b_col = b.strides[r - 1];
  p.ldc = blas_view(out).ld;

  // Batch axes from the innermost. Those along which b does not move and the rows of a and out go on evenly are more
  // rows of one product; the others are merged where they can be.
  for (int i = r - 3; i >= 0; --i) {
    int64_t n = out.shape[i], sa = a.strides[i], sb = b.strides[i], sc = out.strides[i];
    if (n == 1) continue;
    if (p.axes == 0 && sb == 0 && p.m > 1 && sa == p.m * p.a_row && sc == p.m * p.ldc &&
        blas_view(p.m * n, p.k, p.a_row, p.a_col).possible) {
      p.m *= n;
      continue;
    }
    if (p.axes == 0 && sb == 0 && p.m == 1 && sc >= p.n && blas_view(n, p.k, sa, p.a_col).possible) {
      p.m = n;
      p.a_row = sa;
      p.ldc = sc;
      continue;
    }
    int last = p.axes - 1;
    if (p.axes > 0 && sa == p.strides[0][last] * p.sizes[last] && sb == p.strides[1][last] * p.sizes[last] &&
        sc == p.strides[2][last] * p.sizes[last]) {
      p.sizes[last] *= n;
      continue;
    }
    p.sizes[p.axes] = n;
    p.strides[0][p.axes] = sa;
    p.strides[1][p.axes] = sb;
    p.strides[2][p.axes] = sc;
    ++p.axes;
  }
  p.a = blas_view(p.m, p.k, p.a_row, p.a_col);
  p.b = blas_view(p.k, p.n, p.b_row, p.b_col);
  return p;
}

}  // namespace gg
