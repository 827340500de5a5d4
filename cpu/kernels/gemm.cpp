// Matrix product by the usual scheme: blocks of a and b are packed into contiguous panels, and a small kernel keeps a
// tile of c in registers while it walks along k (Goto and van de Geijn, "Anatomy of high-performance matrix
// multiplication", 2008).
#include "cpu/kernels/gemm.h"

#include "cpu/kernels/vec.h"

namespace gg::cpu::GG_ISA {
namespace {

#if defined(GG_ISA_AVX512)
constexpr int kTileRows = 12;
#elif defined(GG_ISA_AVX2)
constexpr int kTileRows = 6;
#else
constexpr int kTileRows = 4;
#endif
template <class T>
constexpr int kTileCols = 2 * kLanes<T>;

constexpr int64_t kBlockM = 96, kBlockN = 512, kBlockK = 256;
constexpr size_t kScratchBytes = (kBlockM + kBlockN + 64) * kBlockK * sizeof(double);

GG_INLINE int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

// Panels of `width` rows of the block (rows × depth), each panel stored depth-major; missing rows are zero.
template <class T>
void pack(T* to, const T* from, int64_t row_stride, int64_t depth_stride, int64_t rows, int64_t depth, int width) {
  for (int64_t r = 0; r < rows; r += width) {
    int64_t here = least(width, rows - r);
    for (int64_t d = 0; d < depth; ++d) {
      const T* p = from + r * row_stride + d * depth_stride;
      for (int64_t i = 0; i < here; ++i) to[i] = p[i * row_stride];
      for (int64_t i = here; i < width; ++i) to[i] = 0;
      to += width;
    }
  }
}

// tile (kTileRows × kTileCols) = a panel · b panel
template <class T>
void tile_product(const T* a, const T* b, int64_t depth, T* tile) {
  constexpr int W = kLanes<T>;
  Vec<T> low[kTileRows] = {}, high[kTileRows] = {};
  for (int64_t d = 0; d < depth; ++d) {
    Vec<T> b0 = load(b), b1 = load(b + W);
#pragma GCC unroll 16
    for (int i = 0; i < kTileRows; ++i) {
      Vec<T> ai = splat(a[i]);
      low[i] += ai * b0;
      high[i] += ai * b1;
    }
    a += kTileRows;
    b += 2 * W;
  }
#pragma GCC unroll 16
  for (int i = 0; i < kTileRows; ++i) {
    store(tile + i * 2 * W, low[i]);
    store(tile + i * 2 * W + W, high[i]);
  }
}

template <class T>
void gemm(const GemmArgs<T>& g, void* scratch) {
  constexpr int cols = kTileCols<T>;
  T* packed_a = static_cast<T*>(scratch);
  T* packed_b = packed_a + (kBlockM + 16) * kBlockK;
  alignas(64) T tile[kTileRows * cols];
  for (int64_t k0 = 0; k0 < g.k || k0 == 0; k0 += kBlockK) {
    int64_t depth = least(kBlockK, g.k - k0);
    for (int64_t n0 = 0; n0 < g.n; n0 += kBlockN) {
      int64_t bn = least(kBlockN, g.n - n0);
      pack(packed_b, g.b + k0 * g.b_row + n0 * g.b_col, g.b_col, g.b_row, bn, depth, cols);
      for (int64_t m0 = 0; m0 < g.m; m0 += kBlockM) {
        int64_t bm = least(kBlockM, g.m - m0);
        pack(packed_a, g.a + m0 * g.a_row + k0 * g.a_col, g.a_row, g.a_col, bm, depth, kTileRows);
        for (int64_t j = 0; j < bn; j += cols) {
          for (int64_t i = 0; i < bm; i += kTileRows) {
            tile_product(packed_a + i * depth, packed_b + j * depth, depth, tile);
            int64_t rows_here = least(kTileRows, bm - i), cols_here = least(cols, bn - j);
            T* c = g.c + (m0 + i) * g.c_row + (n0 + j) * g.c_col;
            for (int64_t r = 0; r < rows_here; ++r) {
              for (int64_t s = 0; s < cols_here; ++s) {
                T& value = c[r * g.c_row + s * g.c_col];
                value = k0 == 0 && !g.add ? tile[r * cols + s] : value + tile[r * cols + s];
              }
            }
          }
        }
      }
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
      T& value = g.c[i * g.c_row + j * g.c_col];
      value = g.add ? value + line[j] : line[j];
    }
  }
}

}  // namespace

extern const GemmKernels gemm_kernels_table = {kScratchBytes, gemm<float>, gemm<double>, tiny<float>, tiny<double>};

}  // namespace gg::cpu::GG_ISA
