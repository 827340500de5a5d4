// Matrix product by the usual scheme: b is packed into panels that are read from end to end, and a small kernel keeps a
// tile of c in registers while it walks along k (Goto and van de Geijn, "Anatomy of high-performance matrix
// multiplication", 2008). Of a it takes one number at a time for all lanes, so a needs no panels.
#include "cpu/kernels/gemm.h"

#include "cpu/kernels/transpose.h"
#include "cpu/kernels/vec.h"

namespace gg::cpu::GG_ISA {
namespace {

// A tile has this many rows and two vectors of columns: what the registers hold beside a row of b and a number of a.
#if defined(GG_ISA_AVX512)
constexpr int kTileRows = 12;
#elif defined(GG_ISA_AVX2)
constexpr int kTileRows = 6;
#else
constexpr int kTileRows = 4;
#endif
template <class T>
constexpr int kTileCols = 2 * kLanes<T>;

// The panels of b that are packed at once stay in the second-level cache.
template <class T>
constexpr int64_t kBlockK = 2048 / sizeof(T);
constexpr int64_t kBlockN = 256;
constexpr size_t kScratchBytes = 2048 * kBlockN + kTileRows * (2048 + 16 * sizeof(double));

GG_INLINE int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

// Columns of b that lie one after the other along k, W of them, become lanes of `to`, whose rows are a panel's.
template <class T>
GG_INLINE void pack_columns(T* to, const T* from, int64_t column_stride, int64_t depth) {
  constexpr int W = kLanes<T>;
  int64_t d = 0;
  for (; d + W <= depth; d += W) transpose_square(to + d * kTileCols<T>, kTileCols<T>, from + d, column_stride);
  for (; d < depth; ++d) {
    for (int i = 0; i < W; ++i) to[d * kTileCols<T> + i] = from[i * column_stride + d];
  }
}

// b [depth, n] as panels of kTileCols columns, each stored row by row; columns beyond n are zero.
template <class T>
void pack(T* to, const T* b, int64_t row_stride, int64_t col_stride, int64_t depth, int64_t n) {
  constexpr int W = kLanes<T>, C = kTileCols<T>;
  for (int64_t j = 0; j < n; j += C, to += C * depth, b += C * col_stride) {
    const int64_t cols = least(C, n - j);
    if (cols == C && col_stride == 1) {
      for (int64_t d = 0; d < depth; ++d) {
        store(to + d * C, load(b + d * row_stride));
        store(to + d * C + W, load(b + d * row_stride + W));
      }
    } else if (cols == C && row_stride == 1) {
      pack_columns(to, b, col_stride, depth);
      pack_columns(to + W, b + W * col_stride, col_stride, depth);
    } else {
      for (int64_t d = 0; d < depth; ++d) {
        for (int64_t i = 0; i < cols; ++i) to[d * C + i] = b[d * row_stride + i * col_stride];
        for (int64_t i = cols; i < C; ++i) to[d * C + i] = 0;
      }
    }
  }
}

// c [R, cols] = or += a [R, depth] · panel. V vectors hold the columns.
template <class T, int R, int V>
void tile(const GemmArgs<T>& g, const T* a, const T* panel, int64_t depth, T* c, int64_t cols, bool add) {
  constexpr int W = kLanes<T>;
  const T* rows[R];
#pragma GCC unroll 16
  for (int i = 0; i < R; ++i) rows[i] = a + i * g.a_row;
  Vec<T> sum[R][V] = {};
  for (int64_t d = 0, at = 0; d < depth; ++d, at += g.a_col, panel += kTileCols<T>) {
    Vec<T> b[V];
#pragma GCC unroll 2
    for (int v = 0; v < V; ++v) b[v] = load(panel + v * W);
#pragma GCC unroll 16
    for (int i = 0; i < R; ++i) {
      const Vec<T> x = splat(rows[i][at]);
#pragma GCC unroll 2
      for (int v = 0; v < V; ++v) sum[i][v] += x * b[v];
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < R; ++i, c += g.ldc) {
    if (cols == V * W) {
#pragma GCC unroll 2
      for (int v = 0; v < V; ++v) store(c + v * W, add ? load(c + v * W) + sum[i][v] : sum[i][v]);
    } else {
      alignas(64) T line[V * W];
#pragma GCC unroll 2
      for (int v = 0; v < V; ++v) store(line + v * W, sum[i][v]);
      for (int64_t j = 0; j < cols; ++j) c[j] = add ? c[j] + line[j] : line[j];
    }
  }
}

// R rows of c beside all panels; then what is left, by ever lower tiles. Rows of a that run along k are copied next to
// each other first: where their distance is a power of two they would take each other's places in the first-level
// cache.
template <class T, int R = kTileRows>
void rows_of_tiles(GemmArgs<T> g, const T* a, const T* panels, T* copy, int64_t rows, int64_t n, int64_t depth, T* c,
                   bool add) {
  const int64_t a_row = g.a_row;
  for (; rows >= R; rows -= R, a += R * a_row, c += R * g.ldc) {
    const T* from = a;
    if (g.a_col == 1) {
      from = copy;
      g.a_row = kBlockK<T> + 16;
      for (int i = 0; i < R; ++i) {
        for (int64_t d = 0; d < depth; ++d) copy[i * g.a_row + d] = a[i * a_row + d];
      }
    }
    for (int64_t j = 0; j < n; j += kTileCols<T>) {
      const int64_t cols = least(kTileCols<T>, n - j);
      if (cols > kLanes<T>) {
        tile<T, R, 2>(g, from, panels + j * depth, depth, c + j, cols, add);
      } else {
        tile<T, R, 1>(g, from, panels + j * depth, depth, c + j, cols, add);
      }
    }
  }
  g.a_row = a_row;
  if constexpr (R > 1) {
    rows_of_tiles<T, (R > 4 ? R - kTileRows / 3 : R / 2)>(g, a, panels, copy, rows, n, depth, c, add);
  }
}

template <class T>
void gemm(const GemmArgs<T>& g, void* scratch) {
  T* panels = static_cast<T*>(scratch);
  T* copy = panels + kBlockK<T> * kBlockN;
  for (int64_t k = 0; k < g.k || k == 0; k += kBlockK<T>) {
    const int64_t depth = least(kBlockK<T>, g.k - k);
    for (int64_t j = 0; j < g.n; j += kBlockN) {
      const int64_t n = least(kBlockN, g.n - j);
      pack(panels, g.b + k * g.b_row + j * g.b_col, g.b_row, g.b_col, depth, n);
      rows_of_tiles<T>(g, g.a + k * g.a_col, panels, copy, g.m, n, depth, g.c + j, g.add || k > 0);
    }
  }
}

// One row of c at a time in registers, for n ≤ 16; rows of b that are not contiguous are gathered first.
template <class T>
void tiny(const GemmArgs<T>& g) {
  constexpr int N = 16, W = kLanes<T>;
  alignas(64) T rows[16 * N];
  for (int64_t p = 0; p < g.k; ++p) {
    for (int64_t j = 0; j < g.n; ++j) rows[p * N + j] = g.b[p * g.b_row + j * g.b_col];
    for (int64_t j = g.n; j < N; ++j) rows[p * N + j] = 0;
  }
  for (int64_t i = 0; i < g.m; ++i) {
    Vec<T> sum[N / W] = {};
    for (int64_t p = 0; p < g.k; ++p) {
      Vec<T> a = splat(g.a[i * g.a_row + p * g.a_col]);
#pragma GCC unroll 8
      for (int v = 0; v < N / W; ++v) sum[v] += a * load(rows + p * N + v * W);
    }
    alignas(64) T line[N];
#pragma GCC unroll 8
    for (int v = 0; v < N / W; ++v) store(line + v * W, sum[v]);
    for (int64_t j = 0; j < g.n; ++j) {
      T& value = g.c[i * g.ldc + j];
      value = g.add ? value + line[j] : line[j];
    }
  }
}

}  // namespace

extern const GemmKernels gemm_kernels_table = {kScratchBytes, gemm<float>, gemm<double>, tiny<float>, tiny<double>};

}  // namespace gg::cpu::GG_ISA
