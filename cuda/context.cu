#include "cuda/context.h"

#include "cuda/platform.h"

namespace gg::GG_CUDA_NS {
namespace {

/// The count, and the reason if it is 0. Without a driver CUDA leaves the count unwritten.
int ask(cudaError_t& error) noexcept {
  int count = 0;
  error = cudaGetDeviceCount(&count);
  if (error == cudaSuccess) return count;
  cudaGetLastError();
  return 0;
}

}  // namespace

int device_count() noexcept {
  cudaError_t error;
  return ask(error);
}

std::string why_unavailable() {
  cudaError_t error;
  if (ask(error) > 0) return {};
#if !defined(GG_CUDA_EMULATE)
  int driver = 0;
  if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0) {
    return "cuda: no NVIDIA driver on this machine";
  }
  if (error == cudaErrorInsufficientDriver) {
    return str("cuda: the NVIDIA driver supports CUDA ", driver / 1000, ".", driver % 1000 / 10, ", older than ",
               CUDART_VERSION / 1000, ".", CUDART_VERSION % 1000 / 10, " of this build; update the driver");
  }
#endif
  if (error == cudaSuccess || error == cudaErrorNoDevice) return GG_CUDA_NS_NAME ": no GPU on this machine";
  return str(GG_CUDA_NS_NAME ": ", cudaGetErrorString(error));
}

std::string device_description() {
  int device = 0;
  check(cudaGetDevice(&device), "asking for the current device");
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, device), "asking for the device's properties");
  return str(properties.name, ", compute capability ", properties.major, ".", properties.minor, ", ",
             properties.totalGlobalMem >> 20, " MiB");
}

}  // namespace gg::GG_CUDA_NS
