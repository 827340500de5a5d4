#include "ops/matrix.h"

#include <algorithm>
#include <cstdlib>

#include "autograd/apply.h"
#include "autograd/raw.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/mask.h"
#include "ops/matmul.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace gg {
namespace {

int64_t diagonal_length(int64_t rows, int64_t cols, int64_t offset) {
  return std::max<int64_t>(0, std::min(rows + std::min<int64_t>(offset, 0), cols - std::max<int64_t>(offset, 0)));
}

// The diagonal as a view: axes row and col (from the end) go, the new one is the last.
Layout diagonal_layout(const Layout& x, int64_t offset, int row, int col) {
  row += x.rank();
  col += x.rank();
  Layout out;
  out.offset = x.offset;
  int rank = 0;
  for (int i = 0; i < x.rank(); ++i) {
    if (i == row || i == col) continue;
    out.shape.push_back(x.shape[i]);
    out.strides[static_cast<size_t>(rank++)] = x.strides[static_cast<size_t>(i)];
  }
  const int64_t along_row = x.strides[static_cast<size_t>(row)], along_col = x.strides[static_cast<size_t>(col)];
  const int64_t length = diagonal_length(x.shape[row], x.shape[col], offset);
  out.shape.push_back(length);
  out.strides[static_cast<size_t>(rank)] = along_row + along_col;
  if (length > 0) out.offset += offset >= 0 ? offset * along_col : -offset * along_row;
  return out;
}

struct DiagEmbed {
  static constexpr const char* name = "diag_embed";
  static constexpr unsigned saves = kSaveNothing;
  static constexpr bool zero_if_any_input_is_zero = true;
  static constexpr bool affine = true;
  int64_t offset;
  int row, col;  // axes of the result, from the end
  int64_t rows, cols;
  Shape output_shape(const Tensor& x) const {
    Shape shape;
    for (int i = 0, from = 0, rank = x.rank() + 1; i < rank; ++i) {
      shape.push_back(i == rank + row ? rows : i == rank + col ? cols : x.size(from++));
    }
    return shape;
  }
  Tensor forward(const Tensor& x) const {
    Tensor out = raw::full(output_shape(x), 0, x.options());
    raw::copy_into(out.with_layout(diagonal_layout(out.layout(), offset, row, col)), x);
    return out;
  }
  Tensors vjp(const Vjp& c) const;
  Tensor jvp(const Jvp& c) const { return apply(*this, c.tangent(0)); }
};

struct Diagonal {
  static constexpr const char* name = "diagonal";
  static constexpr unsigned saves = kSaveNothing;
  static constexpr bool zero_if_any_input_is_zero = true;
  static constexpr bool affine = true;
  int64_t offset;
  int row, col;  // from the end
  Shape output_shape(const Tensor& x) const { return diagonal_layout(x.layout(), offset, row, col).shape; }
  Tensor forward(const Tensor& x) const { return x.with_layout(diagonal_layout(x.layout(), offset, row, col)); }
  Tensors vjp(const Vjp& c) const {
    return {apply(DiagEmbed{offset, row, col, c.shape(0).at(row), c.shape(0).at(col)}, c.grad())};
  }
  Tensor jvp(const Jvp& c) const { return apply(*this, c.tangent(0)); }
};

Tensors DiagEmbed::vjp(const Vjp& c) const { return {apply(Diagonal{offset, row, col}, c.grad())}; }

Tensor triangle(const Tensor& x, int64_t diagonal, bool lower, const char* op) {
  GG_CHECK(x.rank() >= 2, op, ": expected [..., n, m], got shape ", x.shape());
  const IntegerOptions positions{i64, x.device()};
  const Tensor row = unsqueeze(arange(0, static_cast<double>(x.size(-2)), 1, positions), 1) + diagonal;
  const Tensor col = arange(0, static_cast<double>(x.size(-1)), 1, positions);
  return masked_fill(x, lower ? gt(col, row) : lt(col, row), 0);
}

void check_vectors(const Tensor& a, const Tensor& b, const char* op) {
  GG_CHECK(a.rank() == 1 && b.rank() == 1, op, ": expected two vectors, got shapes ", a.shape(), " and ", b.shape());
}

}  // namespace

Tensor tril(const Tensor& x, int64_t diagonal) { return triangle(x, diagonal, true, "tril"); }
Tensor triu(const Tensor& x, int64_t diagonal) { return triangle(x, diagonal, false, "triu"); }

Tensor diagonal(const Tensor& x, const DiagonalOptions& o) {
  const int row = normalize_axis(o.axis1, x.rank(), "diagonal"), col = normalize_axis(o.axis2, x.rank(), "diagonal");
  GG_CHECK(row != col, "diagonal: axis1 and axis2 are both ", row);
  return apply(Diagonal{o.offset, row - x.rank(), col - x.rank()}, x);
}

Tensor diag_embed(const Tensor& x, const DiagonalOptions& o) {
  GG_CHECK(x.rank() >= 1 && x.rank() < kMaxRank, "diag_embed: expected 1 to ", kMaxRank - 1, " axes, got shape ",
           x.shape());
  const int rank = x.rank() + 1;
  const int row = normalize_axis(o.axis1, rank, "diag_embed"), col = normalize_axis(o.axis2, rank, "diag_embed");
  GG_CHECK(row != col, "diag_embed: axis1 and axis2 are both ", row);
  const int64_t n = x.size(-1) + std::abs(o.offset);
  return apply(DiagEmbed{o.offset, row - rank, col - rank, n, n}, x);
}

Tensor diag(const Tensor& x, int64_t offset) {
  GG_CHECK(x.rank() == 1 || x.rank() == 2, "diag: expected a vector or a matrix, got shape ", x.shape());
  return x.rank() == 1 ? diag_embed(x, {.offset = offset}) : diagonal(x, {.offset = offset});
}

Tensor trace(const Tensor& x) {
  GG_CHECK(x.rank() >= 2, "trace: expected [..., n, m], got shape ", x.shape());
  return sum(diagonal(x), -1);
}

Tensor outer(const Tensor& a, const Tensor& b) {
  check_vectors(a, b, "outer");
  return unsqueeze(a, 1) * b;
}

Tensor dot(const Tensor& a, const Tensor& b) {
  check_vectors(a, b, "dot");
  GG_CHECK(a.numel() == b.numel(), "dot: sizes differ: ", a.shape(), " and ", b.shape());
  return is_floating(a.dtype()) ? matmul(a, b) : sum(a * b);
}

}  // namespace gg
