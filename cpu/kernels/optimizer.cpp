// The loops are plain, and become vector code: parameters, gradients and state never overlap.
#include "cpu/kernels/optimizer.h"

#include "cpu/kernels/vec.h"

namespace gg::cpu::GG_ISA {
namespace {

template <class T>
void sgd(T* __restrict p, const T* __restrict g, int64_t n, const SgdNumbers<T>& numbers) {
  const SgdNumbers<T> k = numbers;
  for (int64_t i = 0; i < n; ++i) sgd_update<Target>(p[i], g[i], k);
}

template <class T, bool kNesterov>
void sgd_momentum(T* __restrict p, const T* __restrict g, T* __restrict b, int64_t n, const SgdNumbers<T>& numbers) {
  const SgdNumbers<T> k = numbers;
  for (int64_t i = 0; i < n; ++i) sgd_momentum_update<Target, kNesterov>(p[i], g[i], b[i], k);
}

template <class T, bool kMomentum, bool kCentered>
void rmsprop(T* __restrict p, const T* __restrict g, T* __restrict v, T* __restrict b, T* __restrict a, int64_t n,
             const RmsPropNumbers<T>& numbers) {
  const RmsPropNumbers<T> k = numbers;
  T none = 0;
  for (int64_t i = 0; i < n; ++i) {
    rmsprop_update<Target, kMomentum, kCentered>(p[i], g[i], v[i], kMomentum ? b[i] : none, kCentered ? a[i] : none, k);
  }
}

template <class T>
void adam(T* __restrict p, const T* __restrict g, T* __restrict m, T* __restrict v, int64_t n,
          const AdamNumbers<T>& numbers) {
  const AdamNumbers<T> k = numbers;
  for (int64_t i = 0; i < n; ++i) adam_update<Target>(p[i], g[i], m[i], v[i], k);
}

template <class T>
constexpr OptimizerOf<T> kTable = {
    sgd<T>,
    sgd_momentum<T, false>,
    sgd_momentum<T, true>,
    {{rmsprop<T, false, false>, rmsprop<T, false, true>}, {rmsprop<T, true, false>, rmsprop<T, true, true>}},
    adam<T>};

}  // namespace

const OptimizerKernels optimizer_kernels_table = {kTable<float>, kTable<double>};

}  // namespace gg::cpu::GG_ISA
