// The host side of platform.h: error texts and synchronous launches.
#include "cuda/platform.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "cuda/faults.h"

namespace gg::GG_CUDA_NS {
namespace {

std::string reason(cudaError_t error) {
  std::string text = str(cudaGetErrorString(error), " [", cudaGetErrorName(error), "]");
#if defined(GG_CUDA_EMULATE)
  const std::string found = emulator::last_diagnostic();
  if (!found.empty()) text += str(". Emulator: ", found);
#endif
  return text;
}

std::string text(dim3 d) { return str("(", d.x, ",", d.y, ",", d.z, ")"); }

}  // namespace

void check(cudaError_t error, const char* what) {
  if (error == cudaSuccess) return;
  cudaGetLastError();  // reported here; the next call must not report it again
  const char* hint = "";
#if !defined(GG_CUDA_EMULATE)
  if (!synchronous_launches()) hint = ". An earlier kernel may be to blame; run again with GG_SYNC=1 to have it named";
#endif
  fail(GG_CUDA_NS_NAME, ": ", what, ": ", reason(error), hint);
}

unsigned blocks_for(int64_t work, int threads) {
  return static_cast<unsigned>((work + threads - 1) / threads);  // fewer than 2^31: so many elements has an array
}

unsigned grid_for(int64_t work, int threads, int waves) {
  static const int64_t resident = [] {  // threads that the device can hold at once
    int device = 0, multiprocessors = 0;
    check(cudaGetDevice(&device), "asking for the current device");
    check(cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device), "asking for its size");
    return int64_t{2048} * multiprocessors;
  }();
  const int64_t wanted = (work + threads - 1) / threads;
  return static_cast<unsigned>(std::min(wanted, waves * std::max<int64_t>(resident / threads, 1)));
}

bool& synchronous_launches() {
  static bool value = [] {
    const char* wanted = std::getenv("GG_SYNC");
    return wanted && std::strcmp(wanted, "1") == 0;
  }();
  return value;
}

void detail::after_launch(cudaError_t error, const char* name, dim3 grid, dim3 block, size_t shared_bytes,
                          cudaStream_t stream) {
  const char* step = "launch refused";
  if (error == cudaSuccess && synchronous_launches()) {
    step = "failed";
    error = cudaStreamSynchronize(stream);
  }
  if (error == cudaSuccess) {
    if (synchronous_launches()) throw_faults();
    return;
  }
  cudaGetLastError();
  fail(GG_CUDA_NS_NAME, ": kernel ", name, " with grid ", text(grid), ", block ", text(block), ", ", shared_bytes,
       " bytes of dynamic shared memory: ", step, ": ", reason(error));
}

}  // namespace gg::GG_CUDA_NS
