// Inner loops of distances between points.
#pragma once

#include <cstdint>

#include "cpu/kernels/table.h"

namespace gg::cpu {

template <class T>
struct DistanceOf {
  /// out[i · out_stride + j] = Σₖ (a[i · a_stride + k] − b[j · b_stride + k])² for i < n, j < m, k < d.
  void (*squared)(T* out, int64_t out_stride, const T* a, int64_t a_stride, const T* b, int64_t b_stride, int64_t n,
                  int64_t m, int64_t d);
};

struct DistanceKernels {
  DistanceOf<float> f32;
  DistanceOf<double> f64;
};

GG_CPU_KERNEL_TABLE(DistanceKernels, distance_kernels)

}  // namespace gg::cpu
