#include "cuda/memory.h"

#include "cuda/faults.h"
#include "cuda/platform.h"

namespace gg::GG_CUDA_NS {

void* allocate(size_t bytes) {
  void* p = nullptr;
  const cudaError_t error = cudaMalloc(&p, bytes);
  if (error == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    return nullptr;
  }
  check(error, "allocating device memory");
  return p;
}

void release(void* device) noexcept {
  // Nothing can be done here about an error of earlier work; the next call reports it.
  if (device) static_cast<void>(cudaFree(device));
}

MemoryInfo memory_info() {
  MemoryInfo info{};
  check(cudaMemGetInfo(&info.free, &info.total), "asking for free device memory");
  return info;
}

void copy_from_host(void* device, const void* host, size_t bytes, DeviceStream stream) {
  if (bytes == 0) return;
  check(cudaMemcpyAsync(device, host, bytes, cudaMemcpyHostToDevice, native(stream)), "copying to the device");
  // Pageable memory has been read by now; page-locked memory may still be waited for.
  check(cudaStreamSynchronize(native(stream)), "copying to the device");
}

void copy_to_host(void* host, const void* device, size_t bytes, DeviceStream stream) {
  if (bytes == 0) return;
  check(cudaMemcpyAsync(host, device, bytes, cudaMemcpyDeviceToHost, native(stream)), "copying from the device");
  check(cudaStreamSynchronize(native(stream)), "copying from the device");
  throw_faults();
}

void copy_within(void* to, const void* from, size_t bytes, DeviceStream stream) {
  if (bytes == 0) return;
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, native(stream)), "copying on the device");
}

void fill_zero(void* device, size_t bytes, DeviceStream stream) {
  if (bytes == 0) return;
  check(cudaMemsetAsync(device, 0, bytes, native(stream)), "clearing device memory");
}

DeviceStream create_stream() {
  cudaStream_t stream = nullptr;
  check(cudaStreamCreate(&stream), "creating a stream");
  return {stream};
}

void destroy_stream(DeviceStream stream) noexcept {
  if (stream.handle) static_cast<void>(cudaStreamDestroy(native(stream)));
}

void synchronize(DeviceStream stream) {
  check(cudaStreamSynchronize(native(stream)), "waiting for the device");
  throw_faults();
}

}  // namespace gg::GG_CUDA_NS
