#include "cuda/memory.h"

#include <cstdint>

#include "cuda/platform.h"
#include "cuda/stream.h"

namespace gg::GG_CUDA_NS {
namespace {

// The driver's pool, told to keep what it is given back; null where the driver has none (some virtual GPUs).
cudaMemPool_t pool() {
  static const cudaMemPool_t found = [] {
    int device = 0, supported = 0;
    check(cudaGetDevice(&device), "asking for the current device");
    check(cudaDeviceGetAttribute(&supported, cudaDevAttrMemoryPoolsSupported, device), "asking for memory pools");
    cudaMemPool_t p = nullptr;
    if (!supported) return p;
    check(cudaDeviceGetDefaultMemPool(&p, device), "asking for the memory pool");
    uint64_t keep = UINT64_MAX;
    check(cudaMemPoolSetAttribute(p, cudaMemPoolAttrReleaseThreshold, &keep), "setting up the memory pool");
    return p;
  }();
  return found;
}

uint64_t pool_bytes(cudaMemPoolAttr which) {
  uint64_t bytes = 0;
  check(cudaMemPoolGetAttribute(pool(), which, &bytes), "asking for the memory pool's size");
  return bytes;
}

}  // namespace

void* allocate(size_t bytes) {
  void* p = nullptr;
  const cudaError_t error = pool() ? cudaMallocAsync(&p, bytes, native(current_stream())) : cudaMalloc(&p, bytes);
  if (error == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    return nullptr;
  }
  check(error, "allocating device memory");
  return p;
}

void release(void* device) noexcept { release_in(current_stream_number(), device); }

void release_in(int number, void* device) noexcept {
  if (!device) return;
  // Nothing can be done here about an error of earlier work; the next call reports it.
  try {
    static_cast<void>(pool() ? cudaFreeAsync(device, native(stream_of(number))) : cudaFree(device));
  } catch (const Error&) {
  }
}

size_t cached_bytes() {
  if (!pool()) return 0;
  return pool_bytes(cudaMemPoolAttrReservedMemCurrent) - pool_bytes(cudaMemPoolAttrUsedMemCurrent);
}

void release_cached() {
  check(cudaDeviceSynchronize(), "waiting for the device");
  if (pool()) check(cudaMemPoolTrimTo(pool(), 0), "releasing cached memory");
}

MemoryInfo memory_info() {
  MemoryInfo info{};
  check(cudaMemGetInfo(&info.free, &info.total), "asking for free device memory");
  return info;
}

}  // namespace gg::GG_CUDA_NS
