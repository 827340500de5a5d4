#include "cpu/kernels/pool.h"

#include "cpu/kernels/vec.h"

namespace gg::cpu::GG_ISA {
namespace {

// Bitwise, not logical, operators: one blend instead of three branches.
template <class T, int Step>
GG_INLINE void tap(T* __restrict best, int32_t* __restrict found, const T* __restrict x, int64_t n, int64_t step,
                   int32_t place, int32_t place_step) {
  int64_t by = Step ? Step : step;
  for (int64_t i = 0; i < n; ++i) {
    T u = x[i * by], b = best[i];
    int32_t f = found[i];
    bool take = (u > b) | (u != u) | (f < 0);
    best[i] = take ? u : b;
    found[i] = take ? place + static_cast<int32_t>(i) * place_step : f;
  }
}

template <class T>
void max_tap(T* best, int32_t* found, const T* x, int64_t n, int64_t step, int32_t place, int32_t place_step) {
  switch (step) {
    case 1:
      return tap<T, 1>(best, found, x, n, 1, place, place_step);
    case 2:
      return tap<T, 2>(best, found, x, n, 2, place, place_step);
    default:
      return tap<T, 0>(best, found, x, n, step, place, place_step);
  }
}

}  // namespace

extern const PoolKernels pool_kernels_table = {{max_tap<float>}, {max_tap<double>}};

}  // namespace gg::cpu::GG_ISA
