#include "cuda/versions.h"

#include "cuda/platform.h"

namespace gg::GG_CUDA_NS {

std::string versions() {
#if defined(GG_CUDA_EMULATE)
  return "CUDA kernels on the CPU, checked";
#else
  const auto text = [](int version) { return str(version / 1000, ".", version % 1000 / 10); };
  int driver = 0;
  if (cudaDriverGetVersion(&driver) != cudaSuccess) driver = 0;
  cudaGetLastError();  // asking is no failure
  return str("CUDA runtime ", text(CUDART_VERSION), ", ",
             driver > 0 ? str("driver for CUDA ", text(driver)) : std::string("no driver"));
#endif
}

}  // namespace gg::GG_CUDA_NS
