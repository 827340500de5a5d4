// The loops are plain, and become vector code: parameters, gradients and state never overlap.
#include "cpu/kernels/optimizer.h"

#include "cpu/kernels/vec.h"

namespace gg::cpu::GG_ISA {
namespace {

GG_INLINE float root(float x) { return __builtin_sqrtf(x); }
GG_INLINE double root(double x) { return __builtin_sqrt(x); }

template <class T>
void sgd(T* __restrict p, const T* __restrict g, T*, T*, int64_t n, const SgdNumbers<T>& numbers) {
  const SgdNumbers<T> k = numbers;
  for (int64_t i = 0; i < n; ++i) p[i] -= k.lr * (g[i] + k.weight_decay * p[i]);
}

template <class T, bool kNesterov>
void sgd_momentum(T* __restrict p, const T* __restrict g, T* __restrict b, T*, int64_t n,
                  const SgdNumbers<T>& numbers) {
  const SgdNumbers<T> k = numbers;
  for (int64_t i = 0; i < n; ++i) {
    T d = g[i] + k.weight_decay * p[i];
    T buffer = k.momentum * b[i] + d;
    b[i] = buffer;
    p[i] -= k.lr * (kNesterov ? d + k.momentum * buffer : buffer);
  }
}

template <class T>
void adam(T* __restrict p, const T* __restrict g, T* __restrict m, T* __restrict v, int64_t n,
          const AdamNumbers<T>& numbers) {
  const AdamNumbers<T> k = numbers;
  for (int64_t i = 0; i < n; ++i) {
    T d = g[i] + k.decay * p[i];
    T mean = m[i] + (d - m[i]) * k.one_minus_beta1;
    T square = v[i] * k.beta2 + d * d * k.one_minus_beta2;
    m[i] = mean;
    v[i] = square;
    p[i] = p[i] * k.shrink - k.step_size * mean / (root(square) * k.root_scale + k.eps);
  }
}

template <class T>
constexpr OptimizerOf<T> kTable = {sgd<T>, sgd_momentum<T, false>, sgd_momentum<T, true>, adam<T>};

}  // namespace

const OptimizerKernels optimizer_kernels_table = {kTable<float>, kTable<double>};

}  // namespace gg::cpu::GG_ISA
