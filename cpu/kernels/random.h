// Random fills of contiguous memory; `state` stands at the block of the first element.
#pragma once

#include <cstdint>

#include "cpu/kernels/table.h"

namespace gg {
struct PhiloxState;
}

namespace gg::cpu {

struct RandomKernels {
  void (*uniform_f32)(float* out, int64_t n, const PhiloxState& state);
  void (*uniform_f64)(double* out, int64_t n, const PhiloxState& state);
  void (*normal_f32)(float* out, int64_t n, const PhiloxState& state);
  void (*normal_f64)(double* out, int64_t n, const PhiloxState& state);
  void (*integers)(int64_t* out, int64_t n, const PhiloxState& state, int64_t low, uint64_t range);
  void (*bernoulli)(uint8_t* out, int64_t n, const PhiloxState& state, uint64_t threshold);
};

GG_CPU_KERNEL_TABLE(RandomKernels, random_kernels)

}  // namespace gg::cpu
