// Inner loops of max pooling.
#pragma once

#include <cstdint>

#include "cpu/kernels/table.h"

namespace gg::cpu {

template <class T>
struct PoolOf {
  /// One tap for n lanes: where x[i · step] beats best[i], or is NaN, or found[i] < 0, it becomes the best, found at
  /// place + i · place_step.
  void (*max_tap)(T* best, int32_t* found, const T* x, int64_t n, int64_t step, int32_t place, int32_t place_step);
};

struct PoolKernels {
  PoolOf<float> f32;
  PoolOf<double> f64;
};

GG_CPU_KERNEL_TABLE(PoolKernels, pool_kernels)

}  // namespace gg::cpu
