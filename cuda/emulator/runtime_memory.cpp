// Memory, pools and copies of the runtime API.
#include <cstring>

#include "core/error.h"
#include "cuda/emulator/device_state.h"

namespace gg::emulator {

struct MemoryPool {};

namespace vocabulary {

cudaError_t cudaMalloc(void** p, size_t bytes) {
  Call call;
  *p = nullptr;
  if (call.d.fault != cudaSuccess) return done(call.d.fault);
  if (bytes == 0) return cudaSuccess;
  *p = call.d.memory.allocate(bytes);
  return done(*p ? cudaSuccess : cudaErrorMemoryAllocation);
}

cudaError_t cudaFree(void* p) {
  Call call;
  const cudaError_t error = call.run([&] { call.d.streams.finish_all(); });
  if (!p) return error;
  if (!call.d.memory.free(p)) {
    return refuse(cudaErrorInvalidValue,
                  str("cudaFree(", address(p), "): this is not the start of a live allocation."));
  }
  return error;
}

// The pool keeps what comes back, and hands it out again to requests of the same size only: the worst that a real one
// may do. So a program that never releases the pool's memory shows.
cudaError_t cudaMallocAsync(void** p, size_t bytes, cudaStream_t handle) {
  Call call;
  *p = nullptr;
  if (!call.d.streams.resolve(handle)) return done(cudaErrorInvalidResourceHandle);
  if (call.d.fault != cudaSuccess) return done(call.d.fault);
  if (bytes == 0) return cudaSuccess;
  *p = call.d.memory.allocate_from_pool(bytes);
  if (!*p && call.d.memory.leaving_bytes() > 0) {  // a GPU would have gone on working meanwhile
    const cudaError_t error = call.run([&] { call.d.streams.finish_all(); });
    if (error != cudaSuccess) return error;
    *p = call.d.memory.allocate_from_pool(bytes);
  }
  return done(*p ? cudaSuccess : cudaErrorMemoryAllocation);
}

cudaError_t cudaFreeAsync(void* p, cudaStream_t handle) {
  Call call;
  Stream* stream = call.d.streams.resolve(handle);
  if (!stream) return done(cudaErrorInvalidResourceHandle);
  if (!p) return done(call.d.fault);
  if (!call.d.memory.leave(p)) {
    return refuse(cudaErrorInvalidValue,
                  str("cudaFreeAsync(", address(p), "): this is not the start of a live allocation."));
  }
  if (call.d.fault != cudaSuccess) {
    call.d.memory.free_leaving();
    return done(call.d.fault);
  }
  return call.submit(*stream, [p, &memory = call.d.memory] { memory.free_to_pool(p); });
}

namespace {
MemoryPool only_pool;
}

cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t* pool, int id) {
  if (id != 0) return done(cudaErrorInvalidDevice);
  *pool = &only_pool;
  return cudaSuccess;
}

cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void*) {
  return done(pool == &only_pool && attribute == cudaMemPoolAttrReleaseThreshold ? cudaSuccess : cudaErrorInvalidValue);
}

cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void* value) {
  Call call;
  if (pool != &only_pool) return done(cudaErrorInvalidValue);
  const uint64_t used = call.d.memory.used_bytes();
  switch (attribute) {
    case cudaMemPoolAttrReservedMemCurrent:
      *static_cast<uint64_t*>(value) = used + call.d.memory.pool_bytes();
      return cudaSuccess;
    case cudaMemPoolAttrUsedMemCurrent:
      *static_cast<uint64_t*>(value) = used;
      return cudaSuccess;
    default:
      return done(cudaErrorInvalidValue);
  }
}

cudaError_t cudaMemPoolTrimTo(cudaMemPool_t pool, size_t keep) {
  Call call;
  if (pool != &only_pool || keep != 0) return done(cudaErrorInvalidValue);
  call.d.memory.trim_pool();
  return cudaSuccess;
}

cudaError_t cudaMallocHost(void** p, size_t bytes) {
  Call call;
  *p = bytes == 0 ? nullptr : call.d.memory.allocate_pinned(bytes);
  return done(*p || bytes == 0 ? cudaSuccess : cudaErrorMemoryAllocation);
}

cudaError_t cudaFreeHost(void* p) {
  Call call;
  const cudaError_t error = call.run([&] { call.d.streams.finish_all(); });
  if (!p) return error;
  return call.d.memory.free_pinned(p) ? error : done(cudaErrorInvalidValue);
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind, cudaStream_t handle) {
  Call call;
  MemoryRegistry& memory = call.d.memory;
  Stream* stream = call.d.streams.resolve(handle);
  if (!stream) return done(cudaErrorInvalidResourceHandle);
  if (bytes == 0) return done(call.d.fault);
  const bool to_device = memory.is_device(to), from_device = memory.is_device(from);
  const int actual = (from_device ? 2 : 0) + (to_device ? 1 : 0);
  if (kind != cudaMemcpyDefault && kind != actual) {
    return refuse(cudaErrorInvalidMemcpyDirection,
                  str("copy of ", bytes, " bytes: the direction says ", static_cast<int>(kind), ", but the memory is ",
                      from_device ? "device" : "host", " to ", to_device ? "device" : "host", "."));
  }
  if ((to_device && !memory.holds(to, bytes)) || (from_device && !memory.holds(from, bytes))) {
    return refuse(cudaErrorInvalidValue, str("copy of ", bytes, " bytes leaves the allocation at ",
                                             address(to_device && !memory.holds(to, bytes) ? to : from), "."));
  }
  if (!from_device && !memory.is_pinned(from)) {  // CUDA has read pageable memory when the call returns
    auto copy =
        std::make_shared<std::vector<char>>(static_cast<const char*>(from), static_cast<const char*>(from) + bytes);
    if (to_device) return call.submit(*stream, [=] { std::memcpy(to, copy->data(), bytes); });
  }
  const cudaError_t error = call.submit(*stream, [=] { std::memmove(to, from, bytes); });
  if (error != cudaSuccess || to_device || memory.is_pinned(to)) return error;
  return call.run([&] { call.d.streams.finish(*stream); });  // and written pageable memory
}

cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  const cudaError_t error = cudaMemcpyAsync(to, from, bytes, kind, nullptr);
  return error != cudaSuccess ? error : cudaStreamSynchronize(nullptr);
}

cudaError_t cudaMemsetAsync(void* p, int byte, size_t bytes, cudaStream_t handle) {
  Call call;
  Stream* stream = call.d.streams.resolve(handle);
  if (!stream) return done(cudaErrorInvalidResourceHandle);
  if (bytes == 0) return done(call.d.fault);
  if (!call.d.memory.holds(p, bytes)) {
    return refuse(cudaErrorInvalidValue, str("memset of ", bytes, " bytes at ", address(p), " leaves device memory."));
  }
  return call.submit(*stream, [=] { std::memset(p, byte, bytes); });
}

cudaError_t cudaMemset(void* p, int byte, size_t bytes) { return cudaMemsetAsync(p, byte, bytes, nullptr); }

}  // namespace vocabulary
}  // namespace gg::emulator
