#include "smooth.h"

#include "cuda/platform.h"

namespace gg::GG_CUDA_NS {
namespace {

constexpr int kThreads = 128;

// A block copies its stretch of x to shared memory, with a neighbour at each end, and reads every number three times.
__global__ void smooth_kernel(int n, const float* x, float* out) {
  GG_SHARED(float, tile, [kThreads + 2]);
  const int t = static_cast<int>(threadIdx.x), i = static_cast<int>(blockIdx.x) * kThreads + t;
  tile[t + 1] = i < n ? x[i] : 0;
  if (t == 0) tile[0] = i > 0 ? x[i - 1] : 0;
  if (t == kThreads - 1) tile[kThreads + 1] = i + 1 < n ? x[i + 1] : 0;
  __syncthreads();
  if (i < n) out[i] = (tile[t] + tile[t + 1] + tile[t + 2]) / 3;
}

}  // namespace

void smooth(Array out, Array x) {
  const int n = static_cast<int>(x.numel()), blocks = (n + kThreads - 1) / kThreads;
  launch("smooth", smooth_kernel, blocks, kThreads, 0, n, x.as<const float>(), out.as<float>());
}

}  // namespace gg::GG_CUDA_NS
