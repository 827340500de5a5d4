#include "cpu/kernels/softmax.h"

#include "core/pack_pair.h"
#include "cpu/kernels/rows.h"

namespace gg::cpu::GG_ISA {
namespace {

template <class T>
constexpr T kInfinity = math::Format<T>::infinity;

// The largest element that is not NaN; -inf of none.
template <class T>
T row_max(const T* x, int64_t n) {
  constexpr int W = kLanes<T>;
  Vec<T> best[4];
  for (auto& b : best) b = splat(-kInfinity<T>);
  for_groups<T>(
      nullptr, x, n, -kInfinity<T>, [&](T*, const T* in, auto count) __attribute__((always_inline)) {
#pragma GCC unroll 4
        for (int v = 0; v < count.value / W; ++v) {
          Vec<T> u = load(in + v * W);
          best[v] = u > best[v] ? u : best[v];
        }
      });
  for (int v = 1; v < 4; ++v) best[0] = best[v] > best[0] ? best[v] : best[0];
  return max_lanes<T>(best[0]);
}

// eˣ for the x that occur here, which are 0 at most up to rounding: one factor 2ⁿ is enough, and what would be
// subnormal becomes 0. NaN passes.
template <class T>
requires std::is_floating_point_v<T> GG_INLINE T exponential(T x) {
  using F = math::Format<T>;
  constexpr T low = sizeof(T) == 4 ? T(-87) : T(-708);
  T c = low > x ? low : x;
  T t = math::multiply_add<Target>(c, static_cast<T>(1.442695040888963407), F::rounder);
  T n = t - F::rounder;
  T r = math::multiply_add<Target>(n, -F::ln2_lo, math::multiply_add<Target>(n, -F::ln2_hi, c));
  T p = math::multiply_add<Target>(r * r, math::exp_tail<Target>(r), r) + 1;
  return low > x ? T(0) : p * math::power_of_two(t);
}

// The same of packs, which the exponential's own upper limit need not hold back.
template <class P>
requires math::is_pack<P> GG_INLINE P exponential(P x) {
  x = math::maximum(x, math::Format<P>::exp_low - 1);
  return math::exp_of_reduced<Target>(math::reduce_by_ln2<Target>(x), false);
}

// e^(x - shift) of some vectors.
template <class T, int N>
GG_INLINE void exponentials(T* out, const T* x, T shift, Count<N>) {
  using Wide = typename WidePackOf<Target, T>::type;
  using P = std::conditional_t<sizeof(Wide) <= N * sizeof(T), Wide, typename PackOf<Target, T>::type>;
  if constexpr (math::is_pack<P>) {
    for (int i = 0; i < N; i += P::lanes) exponential(P::load(x + i) - P(shift)).store(out + i);
  } else {
    for (int i = 0; i < N; ++i) out[i] = exponential(x[i] - shift);
  }
}

// Σ exp(x - shift), and the terms in `out` unless it is null.
template <class T>
double exp_sum(T* out, const T* x, int64_t n, T shift) {
  GroupSum<T> sum;
  for_groups<T>(
      out, x, n, -kInfinity<T>, [&](T * to, const T* in, auto count) __attribute__((always_inline)) {
        Group<T> own;
        T* e = to ? to : own.lane;
        exponentials(e, in, shift, count);
        sum.add(e, count);
      });
  return sum.result();
}

template <class T>
double logsumexp(const T* x, int64_t n) {
  T m = row_max(x, n);
  if (m == -kInfinity<T> || m == kInfinity<T>) {  // shifting would make NaN of it; NaN inputs still count
    double nan_or_zero = 0;
    for (int64_t i = 0; i < n; ++i) nan_or_zero = x[i] != x[i] ? static_cast<double>(x[i]) : nan_or_zero;
    return static_cast<double>(m) + nan_or_zero;
  }
  return static_cast<double>(m) + math::log<Target>(exp_sum<T>(nullptr, x, n, m));
}

template <class T>
void softmax(T* out, const T* x, int64_t n) {
  T scale = static_cast<T>(1 / exp_sum(out, x, n, row_max(x, n)));
  for (int64_t i = 0; i < n; ++i) out[i] *= scale;
}

template <class T>
void softmax_backward(T* dx, const T* g, const T* y, int64_t n) {
  GroupSum<T> sum;
  for_groups<T>(
      nullptr, g, y, n, T(0), [&](T*, const T* gi, const T* yi, auto count) __attribute__((always_inline)) {
        Group<T> p;
        for (int i = 0; i < count.value; ++i) p.lane[i] = gi[i] * yi[i];
        sum.add(p.lane, count);
      });
  T dot = static_cast<T>(sum.result());
  for (int64_t i = 0; i < n; ++i) dx[i] = y[i] * (g[i] - dot);
}

template <class T>
void log_softmax(T* out, const T* x, int64_t n) {
  T m = row_max(x, n);
  T log_sum = static_cast<T>(math::log<Target>(exp_sum<T>(nullptr, x, n, m)));
  for (int64_t i = 0; i < n; ++i) out[i] = (x[i] - m) - log_sum;
}

template <class T>
double sum(const T* x, int64_t n) {
  GroupSum<T> s;
  for_groups<T>(
      nullptr, x, n, T(0), [&](T*, const T* in, auto count) __attribute__((always_inline)) { s.add(in, count); });
  return s.result();
}

template <class T>
void log_softmax_backward(T* dx, const T* g, const T* y, int64_t n) {
  T total = static_cast<T>(sum(g, n));
  for_groups<T>(
      dx, g, y, n, T(0), [&](T * to, const T* gi, const T* yi, auto count) __attribute__((always_inline)) {
        Group<T> d;
        exponentials(d.lane, yi, T(0), count);
        for (int i = 0; i < count.value; ++i) d.lane[i] = gi[i] - d.lane[i] * total;
        for (int i = 0; i < count.value; ++i) to[i] = d.lane[i];
      });
}

template <class T>
void scaled_exp(T* dx, const T* x, int64_t n, T lse, T g, T shift) {
  for_groups<T>(
      dx, x, n, T(0), [&](T * to, const T* in, auto count) __attribute__((always_inline)) {
        Group<T> d;
        exponentials(d.lane, in, lse, count);
        for (int i = 0; i < count.value; ++i) d.lane[i] = g * d.lane[i] - shift;
        for (int i = 0; i < count.value; ++i) to[i] = d.lane[i];
      });
}

constexpr int64_t kPiece = 256;    // columns at once
constexpr int64_t kRowGroup = 16;  // rows whose terms are added in T

template <class T>
void take_columns(T* max, double* sum, T* nan, MatrixOf<const T> x, int64_t rows, int64_t cols) {
  for (int64_t i0 = 0; i0 < rows; i0 += kRowGroup) {
    const int64_t i1 = i0 + kRowGroup < rows ? i0 + kRowGroup : rows;
    for (int64_t j0 = 0; j0 < cols; j0 += kPiece) {
      const int64_t n = cols - j0 < kPiece ? cols - j0 : kPiece;
      alignas(64) T high[kPiece], bad[kPiece], shift[kPiece], s[kPiece];
      for (int64_t j = 0; j < n; ++j) high[j] = max[j0 + j], bad[j] = nan[j0 + j], s[j] = 0;
      for (int64_t i = i0; i < i1; ++i) {
        const T* p = x.data + i * x.stride + j0;
        for (int64_t j = 0; j < n; ++j) {
          const T u = p[j];
          high[j] = u > high[j] ? u : high[j];
          bad[j] = u != u ? u : bad[j];
        }
      }
      for (int64_t j = 0; j < n; ++j) {
        const T before = max[j0 + j], now = high[j];
        const bool infinite = now == kInfinity<T> || now == -kInfinity<T>;
        shift[j] = infinite ? T(0) : now;
        max[j0 + j] = now;
        nan[j0 + j] = bad[j];
        sum[j0 + j] *= static_cast<double>(infinite ? T(0) : exponential(before - now));
      }
      for (int64_t i = i0; i < i1; ++i) {
        const T* p = x.data + i * x.stride + j0;
        for (int64_t j = 0; j < n; ++j) s[j] += exponential(p[j] - shift[j]);
      }
      for (int64_t j = 0; j < n; ++j) sum[j0 + j] += static_cast<double>(s[j]);
    }
  }
}

template <class T>
void softmax_columns(MatrixOf<T> out, MatrixOf<const T> x, int64_t rows, int64_t cols, const T* max, const T* scale) {
  for (int64_t i = 0; i < rows; ++i) {
    const T* from = x.data + i * x.stride;
    T* to = out.data + i * out.stride;
    for (int64_t j = 0; j < cols; ++j) to[j] = exponential(from[j] - max[j]) * scale[j];
  }
}

template <class T>
void log_softmax_columns(MatrixOf<T> out, MatrixOf<const T> x, int64_t rows, int64_t cols, const T* max,
                         const T* shift) {
  for (int64_t i = 0; i < rows; ++i) {
    const T* from = x.data + i * x.stride;
    T* to = out.data + i * out.stride;
    for (int64_t j = 0; j < cols; ++j) to[j] = (from[j] - max[j]) - shift[j];
  }
}

// With kProducts Σ g·y, else Σ g.
template <class T, bool kProducts>
void add_columns(double* acc, MatrixOf<const T> g, MatrixOf<const T> y, int64_t rows, int64_t cols) {
  for (int64_t i0 = 0; i0 < rows; i0 += kRowGroup) {
    const int64_t i1 = i0 + kRowGroup < rows ? i0 + kRowGroup : rows;
    for (int64_t j0 = 0; j0 < cols; j0 += kPiece) {
      const int64_t n = cols - j0 < kPiece ? cols - j0 : kPiece;
      alignas(64) T s[kPiece] = {};
      for (int64_t i = i0; i < i1; ++i) {
        const T* gi = g.data + i * g.stride + j0;
        const T* yi = y.data + i * y.stride + j0;
        for (int64_t j = 0; j < n; ++j) s[j] += kProducts ? gi[j] * yi[j] : gi[j];
      }
      for (int64_t j = 0; j < n; ++j) acc[j0 + j] += static_cast<double>(s[j]);
    }
  }
}

template <class T>
void softmax_backward_columns(MatrixOf<T> dx, MatrixOf<const T> g, MatrixOf<const T> y, int64_t rows, int64_t cols,
                              const T* dot) {
  for (int64_t i = 0; i < rows; ++i) {
    const T *gi = g.data + i * g.stride, *yi = y.data + i * y.stride;
    T* to = dx.data + i * dx.stride;
    for (int64_t j = 0; j < cols; ++j) to[j] = yi[j] * (gi[j] - dot[j]);
  }
}

template <class T>
void log_softmax_backward_columns(MatrixOf<T> dx, MatrixOf<const T> g, MatrixOf<const T> y, int64_t rows, int64_t cols,
                                  const T* sum) {
  for (int64_t i = 0; i < rows; ++i) {
    const T *gi = g.data + i * g.stride, *yi = y.data + i * y.stride;
    T* to = dx.data + i * dx.stride;
    for (int64_t j = 0; j < cols; ++j) to[j] = gi[j] - exponential(yi[j]) * sum[j];
  }
}

template <class T>
constexpr SoftmaxColumnsOf<T> kColumnTable = {
    take_columns<T>,       softmax_columns<T>,          log_softmax_columns<T>,         add_columns<T, true>,
    add_columns<T, false>, softmax_backward_columns<T>, log_softmax_backward_columns<T>};

template <class T>
constexpr SoftmaxOf<T> kTable = {softmax<T>, softmax_backward<T>, log_softmax<T>, log_softmax_backward<T>, logsumexp<T>,
                                 sum<T>,     scaled_exp<T>};

}  // namespace

extern const SoftmaxKernels softmax_kernels_table = {kTable<float>, kTable<double>, kColumnTable<float>,
                                                     kColumnTable<double>};

}  // namespace gg::cpu::GG_ISA
