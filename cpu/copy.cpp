#include "cpu/copy.h"

#include <algorithm>
#include <cstring>

#include "core/convert.h"
#include "core/parallel.h"
#include "cpu/elementwise.h"
#include "cpu/kernels/copy.h"
#include "cpu/plain_loops.h"
#include "cpu/strided.h"

namespace gg::cpu {
namespace {

constexpr int64_t kGrain = 32 * 1024;  // elements in a chunk
constexpr int64_t kShort = 8;          // elements of a row that is not worth a loop
constexpr int64_t kTile = 64;          // side of a transposed tile

// Calls row(offsets, first element, count) for pieces of the innermost axis, of about kGrain elements in a chunk.
template <int N, class Row>
void parallel_rows(const Walk<N>& w, Row&& row) {
  if (w.rank == 0) return row(std::array<int64_t, N>{}, int64_t{1});
  int64_t inner = w.size[w.rank - 1], rows = positions(w, w.rank - 1);
  if (inner > kGrain) {
    int64_t pieces = (inner + kGrain - 1) / kGrain;
    parallel_chunks(rows * pieces, [&](int64_t task) {
      int64_t begin = task % pieces * kGrain, at = task / pieces;
      for_positions(w, w.rank - 1, at, at + 1, [&](std::array<int64_t, N> offset) {
        for (int k = 0; k < N; ++k) offset[k] += begin * w.stride[k][w.rank - 1];
        row(offset, std::min(kGrain, inner - begin));
      });
    });
  } else {
    parallel_for(rows, std::max<int64_t>(1, kGrain / inner), [&](int64_t begin, int64_t end) {
      for_positions(w, w.rank - 1, begin, end, [&](const std::array<int64_t, N>& offset) { row(offset, inner); });
    });
  }
}

template <class T>
void copy_rows(const Walk<2>& w, T* to, const T* from) {
  int64_t to_step = w.rank ? w.stride[0][w.rank - 1] : 1, from_step = w.rank ? w.stride[1][w.rank - 1] : 1;
  parallel_rows(w, [&](const std::array<int64_t, 2>& offset, int64_t n) {
    T* t = to + offset[0];
    const T* f = from + offset[1];
    if (to_step == 1 && from_step == 1) {
      std::memcpy(t, f, n * sizeof(T));
    } else if (to_step == 1 && from_step == 0) {
      std::fill_n(t, n, *f);
    } else if (to_step == 1 && from_step == -1) {  // a constant, so that the loop becomes vector code
      for (int64_t i = 0; i < n; ++i) t[i] = f[-i];
    } else {
      for (int64_t i = 0; i < n; ++i) t[i * to_step] = f[i * from_step];
    }
  });
}

void transpose_tile(uint32_t* to, int64_t to_stride, const uint32_t* from, int64_t from_stride, int64_t rows,
                    int64_t cols) {
  copy_kernels().transpose_4(to, to_stride, from, from_stride, rows, cols);
}
void transpose_tile(uint64_t* to, int64_t to_stride, const uint64_t* from, int64_t from_stride, int64_t rows,
                    int64_t cols) {
  copy_kernels().transpose_8(to, to_stride, from, from_stride, rows, cols);
}
void transpose_tile(uint8_t* to, int64_t to_stride, const uint8_t* from, int64_t from_stride, int64_t rows,
                    int64_t cols) {
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < cols; ++j) to[i * to_stride + j] = from[j * from_stride + i];
  }
}

// Elements as bits. Where `to` runs along one axis and `from` along another, the two axes are walked in tiles.
template <class Bits>
void copy_bits(Walk<2> w, Bits* to, const Bits* from) {
  int last = w.rank - 1;
  if (w.rank >= 2 && w.stride[0][last] == 1 && w.stride[1][last] != 1 && w.size[last] >= 4) {
    for (int axis = 0; axis < last; ++axis) {
      if (w.stride[1][axis] != 1 || w.size[axis] < 4) continue;
      int64_t rows = w.size[axis], cols = w.size[last], to_stride = w.stride[0][axis], from_stride = w.stride[1][last];
      w.drop(last);
      w.drop(axis);
      int64_t row_tiles = (rows + kTile - 1) / kTile, col_tiles = (cols + kTile - 1) / kTile;
      int64_t tiles = row_tiles * col_tiles;
      int64_t grain = std::max<int64_t>(1, kGrain / (std::min(rows, kTile) * std::min(cols, kTile)));
      parallel_for(positions(w, w.rank) * tiles, grain, [&](int64_t begin, int64_t end) {
        for (int64_t task = begin; task < end; ++task) {
          int64_t at = task / tiles, i = task % tiles / col_tiles * kTile, j = task % col_tiles * kTile;
          for_positions(w, w.rank, at, at + 1, [&](const std::array<int64_t, 2>& offset) {
            transpose_tile(to + offset[0] + i * to_stride + j, to_stride, from + offset[1] + j * from_stride + i,
                           from_stride, std::min(kTile, rows - i), std::min(kTile, cols - j));
          });
        }
      });
      return;
    }
  }
  // A short innermost axis makes short rows; the one along which `from` runs may be a better one.
  for (int axis = 0; axis < last; ++axis) {
    if (w.size[last] >= kShort || w.stride[1][axis] != 1 || w.size[axis] < kShort) continue;
    std::swap(w.size[axis], w.size[last]);
    for (auto& stride : w.stride) std::swap(stride[axis], stride[last]);
    break;
  }
  copy_rows(w, to, from);
}

template <class T, class Value>
void fill_with(const Array& out, Value value) {
  T v = convert<T>(value);
  T* data = out.as<T>();
  Walk<1> w = walk_over<1>({&out});
  int64_t step = w.rank ? w.stride[0][w.rank - 1] : 1;
  parallel_rows(w, [&](const std::array<int64_t, 1>& offset, int64_t n) {
    T* t = data + offset[0];
    if (step == 1) {
      std::fill_n(t, n, v);
    } else {
      for (int64_t i = 0; i < n; ++i) t[i * step] = v;
    }
  });
}

template <class Value>
void arange_in(const Array& out, Value start, Value step) {
  GG_CHECK(out.rank() == 1, "arange: expected one axis, got ", out.shape);
  visit_any(out.dtype, [&]<class T>() {
    if constexpr (std::is_same_v<T, bool>) {
      fail("arange: not defined for bool");
    } else {
      T* data = out.as<T>();
      parallel_for(out.shape[0], kGrain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          data[i * out.strides[0]] = convert<T>(start + static_cast<Value>(i) * step);
        }
      });
    }
  });
}

}  // namespace

void copy(Array out, Array x) {
  GG_CHECK(out.shape == x.shape, "copy: shapes differ: ", out.shape, " and ", x.shape);
  if (out.numel() == 0) return;
  if (out.dtype != x.dtype) {
    elementwise(cast_loop(x.dtype, out.dtype), nullptr, out, std::span(&x, 1));
    return;
  }
  Walk<2> w = walk_over<2>({&out, &x});
  switch (size_of(out.dtype)) {
    case 4:
      return copy_bits(w, out.as<uint32_t>(), x.as<const uint32_t>());
    case 8:
      return copy_bits(w, out.as<uint64_t>(), x.as<const uint64_t>());
    default:
      return copy_bits(w, out.as<uint8_t>(), x.as<const uint8_t>());
  }
}

void fill(Array out, double value) {
  if (out.numel() == 0) return;
  visit_any(out.dtype, [&]<class T>() { fill_with<T>(out, value); });
}
void fill(Array out, int64_t value) {
  if (out.numel() == 0) return;
  visit_any(out.dtype, [&]<class T>() { fill_with<T>(out, value); });
}

void arange(Array out, double start, double step) { arange_in(out, start, step); }
void arange(Array out, int64_t start, int64_t step) { arange_in(out, start, step); }

}  // namespace gg::cpu
