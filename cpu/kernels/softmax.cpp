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
  for_groups<T>(nullptr, x, n, -kInfinity<T>, [&](T*, const T* in) {
#pragma GCC unroll 4
    for (int v = 0; v < 4; ++v) {
      Vec<T> u = load(in + v * W);
      best[v] = u > best[v] ? u : best[v];
    }
  });
  T lanes[W], m = -kInfinity<T>;
  for (auto& b : best) {
    store(lanes, b);
    for (int l = 0; l < W; ++l) m = lanes[l] > m ? lanes[l] : m;
  }
  return m;
}

template <class T>
GG_INLINE T exponential(T x) {
  return math::exp<Target>(x);
}

// Σ exp(x - shift), and the terms in `out` unless it is null.
template <class T>
double exp_sum(T* out, const T* x, int64_t n, T shift) {
  GroupSum<T> sum;
  for_groups<T>(out, x, n, -kInfinity<T>, [&](T* to, const T* in) {
    Group<T> e;
    for (int i = 0; i < kGroup<T>; ++i) e.lane[i] = exponential(in[i] - shift);
    sum.add(e.lane);
    if (to) {
      for (int i = 0; i < kGroup<T>; ++i) to[i] = e.lane[i];
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
  constexpr int64_t G = kGroup<T>;
  int64_t i = 0;
  for (; i + G <= n; i += G) {
    Group<T> p;
    for (int k = 0; k < G; ++k) p.lane[k] = g[i + k] * y[i + k];
    sum.add(p.lane);
  }
  double dot = sum.result();
  for (; i < n; ++i) dot += static_cast<double>(g[i]) * static_cast<double>(y[i]);
  T mean = static_cast<T>(dot);
  for (i = 0; i < n; ++i) dx[i] = y[i] * (g[i] - mean);
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
  for_groups<T>(nullptr, x, n, T(0), [&](T*, const T* in) { s.add(in); });
  return s.result();
}

template <class T>
void log_softmax_backward(T* dx, const T* g, const T* y, int64_t n) {
  T total = static_cast<T>(sum(g, n));
  constexpr int64_t G = kGroup<T>;
  int64_t i = 0;
  for (; i + G <= n; i += G) {
    for (int k = 0; k < G; ++k) dx[i + k] = g[i + k] - exponential(y[i + k]) * total;
  }
  if (i == n) return;
  Group<T> in, more;
  read_group(in, y + i, n - i, T(0));
  read_group(more, g + i, n - i, T(0));
  for (int k = 0; k < G; ++k) in.lane[k] = more.lane[k] - exponential(in.lane[k]) * total;
  for (int64_t k = i; k < n; ++k) dx[k] = in.lane[k - i];
}

template <class T>
void scaled_exp(T* dx, const T* x, int64_t n, T lse, T g, T shift) {
  for_groups<T>(dx, x, n, T(0), [&](T* to, const T* in) {
    for (int i = 0; i < kGroup<T>; ++i) to[i] = g * exponential(in[i] - lse) - shift;
  });
}

template <class T>
constexpr SoftmaxOf<T> kTable = {softmax<T>, softmax_backward<T>, log_softmax<T>, log_softmax_backward<T>, logsumexp<T>,
                                 sum<T>,     scaled_exp<T>};

}  // namespace

extern const SoftmaxKernels softmax_kernels_table = {kTable<float>, kTable<double>};

}  // namespace gg::cpu::GG_ISA
