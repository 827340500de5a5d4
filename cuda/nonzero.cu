#include "cuda/nonzero.h"

#include "core/position_arrays.h"
#include "cuda/axes.h"
#include "cuda/platform.h"

namespace gg::GG_CUDA_NS {

inline constexpr int kNonzeroThreads = 256;

struct MaskAxes {
  int rank = 0;
  Divisor size[kMaxRank];
};

// bytes: mask + out + the counts of what is chosen
__global__ void __launch_bounds__(kNonzeroThreads)
    nonzero_kernel(uint32_t count, MaskAxes axes, int64_t row_step, int64_t step, int64_t* out, const int64_t* counts,
                   const bool* mask) {
  for (uint32_t i = blockIdx.x * kNonzeroThreads + threadIdx.x; i < count; i += gridDim.x * kNonzeroThreads) {
    if (!mask[i]) continue;
    int64_t* const row = out + (counts[i] - 1) * row_step;
    uint32_t rest = i;
    for (int axis = axes.rank - 1; axis > 0; --axis) {
      const uint32_t outer = axes.size[axis].quotient(rest);
      row[axis * step] = rest - outer * axes.size[axis].value;
      rest = outer;
    }
    row[0] = rest;
  }
}

void nonzero(Array out, Array counts, Array mask) {
  const int rank = mask.rank();
  check_nonzero(out, counts, mask);
  check_reach("nonzero", {mask});
  if (out.numel() == 0) return;
  MaskAxes axes;
  axes.rank = rank;
  for (int i = 0; i < rank; ++i) axes.size[i] = Divisor(static_cast<uint32_t>(mask.shape[i]));
  const auto count = static_cast<uint32_t>(mask.numel());
  launch("nonzero", nonzero_kernel, grid_for(count, kNonzeroThreads), kNonzeroThreads, 0, count, axes, out.strides[0],
         out.strides[1], out.as<int64_t>(), counts.as<const int64_t>(), mask.as<const bool>());
}

}  // namespace gg::GG_CUDA_NS
