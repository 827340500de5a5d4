// Rows: arrays as a list of contiguous runs along the last axis. Arrays whose last axis is strided are copied.
#pragma once

#include <array>
#include <optional>

#include "core/parallel.h"
#include "cpu/copy.h"
#include "cpu/scratch.h"
#include "cpu/strided.h"

namespace gg::cpu {

/// A view of `x` whose last axis has stride 1: `x` itself, or a row-major temporary, which is filled at the start
/// (`read`) or copied back into x by finish() (otherwise).
class RowArray {
 public:
  RowArray(const Array& x, bool read) : original_(x), rows_(x) {
    int r = x.rank();
    if (r == 0 || x.shape[r - 1] == 1 || x.strides[r - 1] == 1) return;
    scratch_.emplace(size_of(x.dtype) * static_cast<size_t>(x.numel()));
    rows_.data = scratch_->as<void>();
    rows_.strides = Layout::contiguous(x.shape).strides;
    if (read) copy(rows_, x);
  }
  const Array& rows() const { return rows_; }
  void finish() const {
    if (scratch_) copy(original_, rows_);
  }

 private:
  Array original_, rows_;
  std::optional<Scratch> scratch_;
};

/// Calls fn(pointers to the row in each array, number of the row) for every row; `arrays` have equal shapes except for
/// the last axis. Rows are dealt out by the number of elements of a row.
template <class T, int N, class Fn>
void for_rows(const std::array<Array, N>& arrays, Fn&& fn) {
  const Shape& shape = arrays[0].shape;
  int last = shape.rank() - 1;
  Walk<N> w;
  for (int i = 0; i < last; ++i) {  // not coalesced: the number of a row is its row-major position
    std::array<int64_t, N> strides;
    for (int k = 0; k < N; ++k) strides[k] = arrays[k].strides[i];
    w.push(shape[i], strides);
  }
  int64_t n = std::max<int64_t>(shape[last], 1);
  parallel_for(positions(w, w.rank), std::max<int64_t>(1, 8 * 1024 / n), [&](int64_t begin, int64_t end) {
    int64_t row = begin;
    for_positions(w, w.rank, begin, end, [&](const std::array<int64_t, N>& offset) {
      std::array<T*, N> p;
      for (int k = 0; k < N; ++k) p[k] = arrays[k].template as<T>() + offset[k];
      fn(p, row++);
    });
  });
}

}  // namespace gg::cpu
