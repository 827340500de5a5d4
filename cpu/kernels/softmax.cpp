#include "cpu/kernels/softmax.h"

#include "core/scalar_math.h"
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
GG_INLINE T exponential(T x) {
  using F = math::Format<T>;
  constexpr T low = sizeof(T) == 4 ? T(-87) : T(-708);
  T c = low > x ? low : x;
  T t = math::multiply_add<Target>(c, static_cast<T>(1.442695040888963407), F::rounder);
  T n = t - F::rounder;
  T r = math::multiply_add<Target>(n, -F::ln2_lo, math::multiply_add<Target>(n, -F::ln2_hi, c));
  T p = math::multiply_add<Target>(r * r, math::exp_tail<Target>(r), r) + 1;
  return low > x ? T(0) : p * math::power_of_two(t);
}

// Σ exp(x - shift), and the terms in `out` unless it is null.
template <class T>
double exp_sum(T* out, const T* x, int64_t n, T shift) {
  GroupSum<T> sum;
  for_groups<T>(
      out, x, n, -kInfinity<T>, [&](T * to, const T* in, auto count) __attribute__((always_inline)) {
        Group<T> e;
        for (int i = 0; i < count.value; ++i) e.lane[i] = exponential(in[i] - shift);
        sum.add(e.lane, count);
        if (to) {
          for (int i = 0; i < count.value; ++i) to[i] = e.lane[i];
        }
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
        for (int i = 0; i < count.value; ++i) d.lane[i] = gi[i] - exponential(yi[i]) * total;
        for (int i = 0; i < count.value; ++i) to[i] = d.lane[i];
      });
}

template <class T>
void scaled_exp(T* dx, const T* x, int64_t n, T lse, T g, T shift) {
  for_groups<T>(
      dx, x, n, T(0), [&](T * to, const T* in, auto count) __attribute__((always_inline)) {
        Group<T> d;
        for (int i = 0; i < count.value; ++i) d.lane[i] = g * exponential(in[i] - lse) - shift;
        for (int i = 0; i < count.value; ++i) to[i] = d.lane[i];
      });
}

template <class T>
constexpr SoftmaxOf<T> kTable = {softmax<T>, softmax_backward<T>, log_softmax<T>, log_softmax_backward<T>, logsumexp<T>,
                                 sum<T>,     scaled_exp<T>};

}  // namespace

extern const SoftmaxKernels softmax_kernels_table = {kTable<float>, kTable<double>};

}  // namespace gg::cpu::GG_ISA
