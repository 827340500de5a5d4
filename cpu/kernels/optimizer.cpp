#include "cpu/kernels/optimizer.h"

#include "cpu/kernels/rows.h"

namespace gg::cpu::GG_ISA {
namespace {

GG_INLINE float root(float x) { return __builtin_sqrtf(x); }
GG_INLINE double root(double x) { return __builtin_sqrt(x); }

template <class T>
void adam(T* __restrict p, const T* __restrict g, T* __restrict m, T* __restrict v, int64_t n,
          const AdamConstants<T>& constants) {
  const AdamConstants<T> c = constants;
  for (int64_t i = 0; i < n; ++i) {
    T gi = g[i] * c.grad_scale + c.l2 * p[i];
    T mi = m[i] + c.one_minus_beta1 * (gi - m[i]);
    T vi = v[i] * c.beta2 + c.one_minus_beta2 * gi * gi;
    m[i] = mi;
    v[i] = vi;
    p[i] = p[i] * c.shrink - c.step_size * (mi / (root(vi) * c.inverse_root + c.eps));
  }
}

template <class T>
void sgd(T* __restrict p, const T* __restrict g, T* __restrict m, int64_t n, const SgdConstants<T>& constants) {
  const SgdConstants<T> c = constants;
  if (!m) {
    for (int64_t i = 0; i < n; ++i) p[i] -= c.lr * (g[i] * c.grad_scale + c.l2 * p[i]);
    return;
  }
  if (c.first) {
    for (int64_t i = 0; i < n; ++i) {
      T gi = g[i] * c.grad_scale + c.l2 * p[i];
      m[i] = gi;
      p[i] -= c.lr * (c.nesterov ? gi + c.momentum * gi : gi);
    }
    return;
  }
  for (int64_t i = 0; i < n; ++i) {
    T gi = g[i] * c.grad_scale + c.l2 * p[i];
    T mi = m[i] * c.momentum + c.one_minus_dampening * gi;
    m[i] = mi;
    p[i] -= c.lr * (c.nesterov ? gi + c.momentum * mi : mi);
  }
}

template <class T>
double sum_squares(const T* x, int64_t n) {
  GroupSum<T> sum;
  for_groups<T>(
      nullptr, x, n, T(0), [&](T*, const T* in, auto count) __attribute__((always_inline)) {
        Group<T> s;
        for (int i = 0; i < count.value; ++i) s.lane[i] = in[i] * in[i];
        sum.add(s.lane, count);
      });
  return sum.result();
}

template <class T>
void scale(T* x, int64_t n, T factor) {
  for (int64_t i = 0; i < n; ++i) x[i] *= factor;
}

}  // namespace

extern const OptimizerKernels optimizer_kernels_table = {
    {adam<float>, sgd<float>, sum_squares<float>, scale<float>},
    {adam<double>, sgd<double>, sum_squares<double>, scale<double>},
};

}  // namespace gg::cpu::GG_ISA
