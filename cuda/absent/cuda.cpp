// Stands in for nvcc's context.cu in builds without GG_CUDA.
#include "core/error.h"
#include "cuda/context.h"

namespace gg::cuda {
int device_count() noexcept { return 0; }
std::string why_unavailable() { return "cuda: this build has no CUDA kernels; configure with -DGG_CUDA=ON"; }
std::string device_description() { fail(why_unavailable()); }
}  // namespace gg::cuda
