// The loops are plain, and become vector code: parameters, gradients and state never overlap.
#include "cpu/kernels/optimizer.h"

#include "cpu/kernels/vec.h"

namespace gg::cpu::GG_ISA {
namespace {

template <class T>
void sgd(T* __restrict p, const T* __restrict g, T*, T*, int64_t n, const SgdNumbers<T>& numbers) {
  const SgdNumbers<T> k = numbers;
  for (int64_t i = 0; i < n; ++i) sgd_update<Target>(p[i], g[i], k);
}

template <class T, bool kNesterov>
void sgd_momentum(T* __restrict p, const T* __restrict g, T* __restrict b, T*, int64_t n,
                  const SgdNumbers<T>& numbers) {
  const SgdNumbers<T> k = numbers;
  for (int64_t i = 0; i < n; ++i) sgd_momentum_update<Target, kNesterov>(p[i], g[i], b[i], k);
}

template <class T>
void adam(T* __restrict p, const T* __restrict g, T* __restrict m, T* __restrict v, int64_t n,
          const AdamNumbers<T>& numbers) {
  const AdamNumbers<T> k = numbers;
  for (int64_t i = 0; i < n; ++i) adam_update<Target>(p[i], g[i], m[i], v[i], k);
}

template <class T>
constexpr OptimizerOf<T> kTable = {sgd<T>, sgd_momentum<T, false>, sgd_momentum<T, true>, adam<T>};

}  // namespace

const OptimizerKernels optimizer_kernels_table = {kTable<float>, kTable<double>};

}  // namespace gg::cpu::GG_ISA
