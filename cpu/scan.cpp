// A line is cut into pieces of fixed length. Where there are enough lines for all threads, each is walked piece by
// piece; else the totals of the pieces come first, and then all pieces at once. Both add in the same order.
#include "cpu/scan.h"

#include <algorithm>
#include <array>
#include <type_traits>

#include "core/parallel.h"
#include "core/position_arrays.h"
#include "core/reversed.h"
#include "cpu/scratch.h"
#include "cpu/strided.h"

namespace gg::cpu {
namespace {

constexpr int64_t kPiece = 4096;  // elements of a line
constexpr int64_t kRows = 512;    // the same for lines that lie side by side, kColumns of which go together
constexpr int64_t kColumns = 512;
constexpr int64_t kGrain = 32 * 1024;  // elements in a chunk

// Sums of floats are carried in double, those of integers and bools in 64-bit integers.
template <class T>
using Sum = std::conditional_t<std::is_floating_point_v<T>, double, uint64_t>;

// One piece; returns its sum. Groups are summed on their own, so that only one addition a group waits for the last one.
template <bool kWrite, class T, class Out>
Sum<T> scan_piece(Out* out, int64_t out_step, const T* x, int64_t step, int64_t n, Sum<T> before) {
  constexpr int kGroup = 8;
  Sum<T> total = 0;
  int64_t i = 0;
  for (; i + kGroup <= n; i += kGroup) {
    Sum<T> s[kGroup];
    s[0] = static_cast<Sum<T>>(x[i * step]);
#pragma GCC unroll 8
    for (int k = 1; k < kGroup; ++k) s[k] = s[k - 1] + static_cast<Sum<T>>(x[(i + k) * step]);
    if constexpr (kWrite) {
      const Sum<T> base = before + total;
#pragma GCC unroll 8
      for (int k = 0; k < kGroup; ++k) out[(i + k) * out_step] = static_cast<Out>(base + s[k]);
    }
    total += s[kGroup - 1];
  }
  Sum<T> s = 0;
  for (const Sum<T> base = before + total; i < n; ++i) {
    s += static_cast<Sum<T>>(x[i * step]);
    if constexpr (kWrite) out[i * out_step] = static_cast<Out>(base + s);
  }
  return total + s;
}

template <bool kWrite, class T, class Out>
Sum<T> scan_piece_of(Out* out, int64_t out_step, const T* x, int64_t step, int64_t n, Sum<T> before) {
  // Steps known to the compiler, where they are 1.
  if (step == 1 && out_step == 1) return scan_piece<kWrite>(out, 1, x, 1, n, before);
  return scan_piece<kWrite>(out, out_step, x, step, n, before);
}

// Lines one by one. `w`: the other axes of out and x.
template <class T, class Out>
void scan_lines(Walk<2> w, Out* out, int64_t out_step, const T* x, int64_t step, int64_t n) {
  const int64_t lines = w.numel(), pieces = (n + kPiece - 1) / kPiece;
  auto length = [&](int64_t piece) { return std::min(kPiece, n - piece * kPiece); };
  if (pieces == 1 || lines >= 2 * num_threads() || num_threads() == 1) {
    parallel_for(lines, std::max<int64_t>(1, kGrain / n), [&](int64_t begin, int64_t end) {
      for_positions(w, w.rank, begin, end, [&](const std::array<int64_t, 2>& at) {
        Sum<T> before = 0;
        for (int64_t p = 0; p < pieces; ++p) {
          before += scan_piece_of<true>(out + at[0] + p * kPiece * out_step, out_step, x + at[1] + p * kPiece * step,
                                        step, length(p), before);
        }
      });
    });
    return;
  }
  Scratch scratch(sizeof(Sum<T>) * static_cast<size_t>(lines * pieces));
  auto* sums = scratch.as<Sum<T>>();
  auto at_piece = [&](int64_t task, auto&& fn) {
    const int64_t p = task % pieces;
    for_positions(w, w.rank, task / pieces, task / pieces + 1, [&](const std::array<int64_t, 2>& at) {
      fn(out + at[0] + p * kPiece * out_step, x + at[1] + p * kPiece * step, length(p));
    });
  };
  parallel_chunks(lines * pieces, [&](int64_t task) {
    at_piece(task, [&](Out* to, const T* from, int64_t count) {
      sums[task] = scan_piece_of<false>(to, out_step, from, step, count, Sum<T>{});
    });
  });
  for (int64_t line = 0; line < lines; ++line) {
    Sum<T> before = 0;
    for (int64_t p = 0; p < pieces; ++p) {
      const Sum<T> sum = sums[line * pieces + p];
      sums[line * pieces + p] = before;
      before += sum;
    }
  }
  parallel_chunks(lines * pieces, [&](int64_t task) {
    at_piece(task, [&](Out* to, const T* from, int64_t count) {
      scan_piece_of<true>(to, out_step, from, step, count, sums[task]);
    });
  });
}

template <bool kWrite, class T, class Out>
void scan_rows(Sum<T>* total, Out* out, int64_t out_stride, const T* x, int64_t stride, int64_t rows, int64_t columns,
               const Sum<T>* before) {
  std::fill_n(total, columns, Sum<T>{});
  for (int64_t i = 0; i < rows; ++i) {
    const T* from = x + i * stride;
    Out* to = out + i * out_stride;
    for (int64_t j = 0; j < columns; ++j) {
      const Sum<T> sum = total[j] + static_cast<Sum<T>>(from[j]);
      total[j] = sum;
      if constexpr (kWrite) to[j] = static_cast<Out>(before[j] + sum);
    }
  }
}

// Lines that lie side by side along the innermost axis of `w`, with stride 1.
template <class T, class Out>
void scan_columns(Walk<2> w, Out* out, int64_t out_stride, const T* x, int64_t stride, int64_t n) {
  const int64_t columns = w.size[w.rank - 1], blocks = (columns + kColumns - 1) / kColumns;
  const int64_t pieces = (n + kRows - 1) / kRows;
  w.drop(w.rank - 1);
  const int64_t tasks = w.numel() * blocks;
  auto at_block = [&](int64_t task, auto&& fn) {
    const int64_t first = task % blocks * kColumns;
    for_positions(w, w.rank, task / blocks, task / blocks + 1, [&](const std::array<int64_t, 2>& at) {
      fn(out + at[0] + first, x + at[1] + first, std::min(kColumns, columns - first));
    });
  };
  auto rows = [&](int64_t piece) { return std::min(kRows, n - piece * kRows); };
  if (pieces == 1 || tasks >= 2 * num_threads() || num_threads() == 1) {
    parallel_for(tasks, std::max<int64_t>(1, kGrain / (n * std::min(columns, kColumns))),
                 [&](int64_t begin, int64_t end) {
                   for (int64_t task = begin; task < end; ++task) {
                     at_block(task, [&](Out* to, const T* from, int64_t count) {
                       Sum<T> before[kColumns] = {}, total[kColumns];
                       for (int64_t p = 0; p < pieces; ++p) {
                         scan_rows<true>(total, to + p * kRows * out_stride, out_stride, from + p * kRows * stride,
                                         stride, rows(p), count, before);
                         for (int64_t j = 0; j < count; ++j) before[j] += total[j];
                       }
                     });
                   }
                 });
    return;
  }
  Scratch scratch(sizeof(Sum<T>) * static_cast<size_t>(tasks * pieces * kColumns));
  auto* sums = scratch.as<Sum<T>>();
  parallel_chunks(tasks * pieces, [&](int64_t i) {
    const int64_t p = i % pieces;
    at_block(i / pieces, [&](Out* to, const T* from, int64_t count) {
      scan_rows<false>(sums + i * kColumns, to, out_stride, from + p * kRows * stride, stride, rows(p), count,
                       static_cast<const Sum<T>*>(nullptr));
    });
  });
  for (int64_t task = 0; task < tasks; ++task) {
    Sum<T> before[kColumns] = {};
    at_block(task, [&](Out*, const T*, int64_t count) {
      for (int64_t p = 0; p < pieces; ++p) {
        Sum<T>* s = sums + (task * pieces + p) * kColumns;
        for (int64_t j = 0; j < count; ++j) {
          const Sum<T> sum = s[j];
          s[j] = before[j];
          before[j] += sum;
        }
      }
    });
  }
  parallel_chunks(tasks * pieces, [&](int64_t i) {
    const int64_t p = i % pieces;
    at_block(i / pieces, [&](Out* to, const T* from, int64_t count) {
      Sum<T> total[kColumns];
      scan_rows<true>(total, to + p * kRows * out_stride, out_stride, from + p * kRows * stride, stride, rows(p), count,
                      sums + i * kColumns);
    });
  });
}

template <class T, class Out>
void cumsum_as(const Array& out, const Array& x, int axis) {
  Walk<2> w;
  for (int i = 0; i < x.rank(); ++i) {
    if (i != axis) w.push(x.shape[i], {out.strides[i], x.strides[i]});
  }
  coalesce(w);
  const int last = w.rank - 1;
  const bool side_by_side = last >= 0 && w.stride[0][last] == 1 && w.stride[1][last] == 1 && w.size[last] >= 4;
  (side_by_side ? scan_columns<T, Out> : scan_lines<T, Out>)(w, out.as<Out>(), out.strides[axis], x.as<const T>(),
                                                             x.strides[axis], x.shape[axis]);
}

}  // namespace

void cumsum(Array out, Array x, int axis, bool reverse) {
  axis = normalize_axis(axis, x.rank(), "cumsum");
  check_cumsum(out, x);
  if (x.numel() == 0) return;
  if (reverse) {
    out = reversed(out, axis);
    x = reversed(x, axis);
  }
  switch (x.dtype) {
    case DType::f32:
      return cumsum_as<float, float>(out, x, axis);
    case DType::f64:
      return cumsum_as<double, double>(out, x, axis);
    case DType::i64:
      return cumsum_as<int64_t, int64_t>(out, x, axis);
    default:
      return cumsum_as<bool, int64_t>(out, x, axis);
  }
}

}  // namespace gg::cpu
