#include "cpu/kernels/reduce.h"

#include "cpu/kernels/rows.h"

namespace gg::cpu::GG_ISA {
namespace {

// Blocks of kBlock elements go into kVectors vectors, each lane adding a dozen or so elements.
constexpr int kVectors = 4;
template <class T>
constexpr int64_t kBlock = 16 * kVectors* kLanes<T>;

template <class T>
double sum(const T* x, int64_t n) {
  constexpr int W = kLanes<T>;
  double total = 0;
  while (n > 0) {
    int64_t count = n < kBlock<T> ? n : kBlock<T>;
    Vec<T> s[kVectors] = {};
    int64_t i = 0;
    for (; i + kVectors * W <= count; i += kVectors * W) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) s[v] += load(x + i + v * W);
    }
    for (; i + W <= count; i += W) s[0] += load(x + i);
    T rest = 0;
    for (; i < count; ++i) rest += x[i];
    total += static_cast<double>(sum_lanes<T>((s[0] + s[1]) + (s[2] + s[3]))) + static_cast<double>(rest);
    x += count;
    n -= count;
  }
  return total;
}

// Groups of 16 rows are added in T, and the group's sums in double.
template <class T>
void add_rows(double* acc, const T* x, int64_t stride, int64_t rows, int64_t cols) {
  constexpr int64_t kPiece = 256, kGroup = 16;
  for (int64_t j0 = 0; j0 < cols; j0 += kPiece) {
    int64_t count = cols - j0 < kPiece ? cols - j0 : kPiece;
    for (int64_t i0 = 0; i0 < rows; i0 += kGroup) {
      int64_t i1 = i0 + kGroup < rows ? i0 + kGroup : rows;
      alignas(64) T s[kPiece];
      const T* p = x + i0 * stride + j0;
      for (int64_t j = 0; j < count; ++j) s[j] = p[j];
      int64_t i = i0 + 1;
      for (; i + 3 <= i1; i += 3) {
        const T* a = x + i * stride + j0;
        const T* b = a + stride;
        const T* c = b + stride;
        for (int64_t j = 0; j < count; ++j) s[j] = ((s[j] + a[j]) + b[j]) + c[j];
      }
      for (; i < i1; ++i) {
        const T* a = x + i * stride + j0;
        for (int64_t j = 0; j < count; ++j) s[j] += a[j];
      }
      for (int64_t j = 0; j < count; ++j) acc[j0 + j] += static_cast<double>(s[j]);
    }
  }
}

template <class T>
void deviations(double* acc, const T* x, int64_t n, T origin) {
  GroupSum<T> sum, squares;
  for_groups<T>(
      nullptr, x, n, origin, [&](T*, const T* in, auto count) __attribute__((always_inline)) {
        Group<T> d, q;
        for (int i = 0; i < count.value; ++i) {
          d.lane[i] = in[i] - origin;
          q.lane[i] = d.lane[i] * d.lane[i];
        }
        sum.add(d.lane, count);
        squares.add(q.lane, count);
      });
  acc[0] += sum.result();
  acc[1] += squares.result();
}

template <class T>
void deviation_rows(double* acc, const T* x, int64_t stride, int64_t rows, int64_t cols, const T* origin) {
  constexpr int64_t kPiece = 128, kGroup = 16;
  for (int64_t j0 = 0; j0 < cols; j0 += kPiece) {
    int64_t count = cols - j0 < kPiece ? cols - j0 : kPiece;
    for (int64_t i0 = 0; i0 < rows; i0 += kGroup) {
      int64_t i1 = i0 + kGroup < rows ? i0 + kGroup : rows;
      alignas(64) T s[kPiece] = {}, q[kPiece] = {};
      for (int64_t i = i0; i < i1; ++i) {
        const T* p = x + i * stride + j0;
        for (int64_t j = 0; j < count; ++j) {
          T d = p[j] - origin[j0 + j];
          s[j] += d;
          q[j] += d * d;
        }
      }
      for (int64_t j = 0; j < count; ++j) {
        acc[j0 + j] += static_cast<double>(s[j]);
        acc[cols + j0 + j] += static_cast<double>(q[j]);
      }
    }
  }
}

// In each lane the best value so far, and in which round it came first; then the first of the best lanes.
template <class T, int Sign>
int64_t find(const T* x, int64_t n) {
  constexpr int W = kLanes<T>;
  const auto better = [](auto a, auto b) __attribute__((always_inline)) { return Sign > 0 ? a > b : a < b; };
  int64_t at = 0, i = 0;
  if (n >= 2 * W) {
    Vec<T> best[2] = {load(x), load(x + W)}, nan = (best[0] + best[1]) * T(0);  // NaN for NaN (and for infinities)
    IntVec<T> round = {}, since[2] = {};
    const auto take = [&](int half, Vec<T> u) __attribute__((always_inline)) {
      const auto won = better(u, best[half]);
      nan += u * T(0);
      best[half] = won ? u : best[half];
      since[half] = won ? round : since[half];
    };
    for (i = 2 * W; i + 2 * W <= n; i += 2 * W) {
      round += 1;
      take(0, load(x + i));
      take(1, load(x + i + W));
    }
    T any = sum_lanes<T>(nan);
    if (any != any) {  // rare: look again, and find out whether it was NaN or an infinity
      for (int64_t k = 0; k < i; ++k) {
        if (x[k] != x[k]) return k;
      }
    }
    const Vec<T> top = better(best[0], best[1]) ? best[0] : best[1];
    const T value = Sign > 0 ? max_lanes<T>(top) : min_lanes<T>(top);
    at = n;
    for (int half = 0; half < 2; ++half) {
      for (int lane = 0; lane < W; ++lane) {
        const int64_t place = (2 * static_cast<int64_t>(since[half][lane]) + half) * W + lane;
        at = best[half][lane] == value && place < at ? place : at;
      }
    }
  }
  for (; i < n; ++i) {
    if (x[i] != x[i]) return i;
    if (better(x[i], x[at])) at = i;
  }
  return at;
}

}  // namespace

extern const ReduceKernels reduce_kernels_table = {
    {sum<float>, add_rows<float>, deviations<float>, deviation_rows<float>, find<float, 1>, find<float, -1>},
    {sum<double>, add_rows<double>, deviations<double>, deviation_rows<double>, find<double, 1>, find<double, -1>},
};

}  // namespace gg::cpu::GG_ISA
