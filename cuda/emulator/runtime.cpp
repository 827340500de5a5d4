// Launches, calls of libraries, and what the device says about itself. Read next: runtime_memory.cpp,
// runtime_streams.cpp.
#include <algorithm>
#include <cstdio>
#include <tuple>

#include "core/error.h"
#include "cuda/emulator/device_state.h"
#include "cuda/emulator/diagnostics.h"
#include "cuda/emulator/scheduler.h"
#include "cuda/emulator/shared_memory.h"

namespace gg::emulator {
namespace {

constexpr int kMultiprocessors = 4;

std::string text(const dim3& d) { return str("(", d.x, ",", d.y, ",", d.z, ")"); }

}  // namespace

cudaError_t launch(Launch launch, cudaStream_t handle) {
  Call call;
  Stream* stream = call.d.streams.resolve(handle);
  if (!stream) return done(cudaErrorInvalidResourceHandle);
  const auto& [grid, block] = std::tie(launch.grid, launch.block);
  const uint64_t threads = uint64_t{block.x} * block.y * block.z;
  if (threads == 0 || threads > kMaxBlockThreads || block.x > 1024 || block.y > 1024 || block.z > 64 || grid.x == 0 ||
      grid.y == 0 || grid.z == 0 || grid.x > 0x7fffffffu || grid.y > 65535 || grid.z > 65535) {
    return refuse(cudaErrorInvalidConfiguration,
                  str("kernel ", launch.name, ": no GPU runs grid ", text(grid), " with blocks of ", text(block),
                      "; a block has at most 1024 threads, a grid at most 65535 blocks in y and z."));
  }
  if (launch.dynamic_shared_bytes > kSharedBytes) {
    return refuse(cudaErrorInvalidValue, str("kernel ", launch.name, ": ", launch.dynamic_shared_bytes,
                                             " bytes of dynamic shared memory; a block has ", kSharedBytes, "."));
  }
  for (size_t i = 0; i < launch.pointers.size(); ++i) {
    const void* p = launch.pointers[i];
    if (!p || call.d.memory.is_argument(p)) continue;
    return refuse(cudaErrorIllegalAddress, str("kernel ", launch.name, ": pointer argument ", i + 1, " (", address(p),
                                               ") is not device memory. Copy the data to the device first."));
  }
  call.d.launched.insert(launch.kernel);
  return call.submit(*stream, [launch = std::move(launch), &d = call.d] {
    std::string fault = run_grid(
        {launch.name, launch.grid, launch.block, launch.dynamic_shared_bytes, launch.run_thread, launch.call.get()});
    if (fault.empty()) return;
    report(std::move(fault));
    d.fault = cudaErrorLaunchFailure;
  });
}

std::vector<const void*> launched_kernels() {
  Call call;
  return {call.d.launched.begin(), call.d.launched.end()};
}

cudaError_t library_call(const std::string& text, std::span<const Operand> operands, std::function<void()> work,
                         cudaStream_t handle) {
  Call call;
  Stream* stream = call.d.streams.resolve(handle);
  if (!stream) return refuse(cudaErrorInvalidResourceHandle, str(text, ": there is no such stream."));
  for (const Operand& o : operands) {
    if (o.bytes == 0 || call.d.memory.holds(o.data, o.bytes)) continue;
    if (!call.d.memory.is_device(o.data)) {
      return refuse(cudaErrorIllegalAddress,
                    str(text, ": operand ", o.name, " (", address(o.data), ") is not device memory."));
    }
    return refuse(cudaErrorIllegalAddress, str(text, ": operand ", o.name, " leaves its allocation: ", o.bytes,
                                               " bytes from ", address(o.data), " on."));
  }
  return call.submit(*stream, std::move(work));
}

namespace vocabulary {

// ---- Errors ----

#define GG_EMULATOR_ERRORS(X)                                                 \
  X(cudaSuccess, "no error")                                                  \
  X(cudaErrorInvalidValue, "invalid argument")                                \
  X(cudaErrorMemoryAllocation, "out of memory")                               \
  X(cudaErrorInvalidConfiguration, "invalid configuration argument")          \
  X(cudaErrorInvalidMemcpyDirection, "invalid copy direction for the memory") \
  X(cudaErrorInsufficientDriver, "the driver is too old for the runtime")     \
  X(cudaErrorNoDevice, "no CUDA-capable device")                              \
  X(cudaErrorInvalidDevice, "invalid device ordinal")                         \
  X(cudaErrorInvalidResourceHandle, "invalid stream or event")                \
  X(cudaErrorNotReady, "device not ready")                                    \
  X(cudaErrorIllegalAddress, "an illegal memory access was encountered")      \
  X(cudaErrorLaunchFailure, "unspecified launch failure")

const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
#define GG_EMULATOR_NAME(name, string) \
  case name:                           \
    return #name;
    GG_EMULATOR_ERRORS(GG_EMULATOR_NAME)
#undef GG_EMULATOR_NAME
  }
  return "unrecognized error code";
}

const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
#define GG_EMULATOR_STRING(name, string) \
  case name:                             \
    return string;
    GG_EMULATOR_ERRORS(GG_EMULATOR_STRING)
#undef GG_EMULATOR_STRING
  }
  return "unrecognized error code";
}

// ---- The device ----

cudaError_t cudaGetDeviceCount(int* count) {
  *count = 1;
  return cudaSuccess;
}

cudaError_t cudaGetDevice(int* id) {
  *id = 0;
  return cudaSuccess;
}

cudaError_t cudaSetDevice(int id) { return done(id == 0 ? cudaSuccess : cudaErrorInvalidDevice); }

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int id) {
  if (id != 0) return done(cudaErrorInvalidDevice);
  *properties = {};
  std::snprintf(properties->name, sizeof properties->name, "gradgrad emulator");
  properties->totalGlobalMem = options().memory_bytes;
  properties->sharedMemPerBlock = kSharedBytes;
  properties->major = 7;
  properties->minor = 5;
  properties->warpSize = kWarpSize;
  properties->maxThreadsPerBlock = kMaxBlockThreads;
  properties->multiProcessorCount = kMultiprocessors;
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int id) {
  if (id != 0) return done(cudaErrorInvalidDevice);
  switch (attribute) {
    case cudaDevAttrMaxThreadsPerBlock:
      *value = kMaxBlockThreads;
      return cudaSuccess;
    case cudaDevAttrMaxSharedMemoryPerBlock:
      *value = kSharedBytes;
      return cudaSuccess;
    case cudaDevAttrWarpSize:
      *value = kWarpSize;
      return cudaSuccess;
    case cudaDevAttrMultiProcessorCount:
      *value = kMultiprocessors;
      return cudaSuccess;
    case cudaDevAttrComputeCapabilityMajor:
      *value = 7;
      return cudaSuccess;
    case cudaDevAttrComputeCapabilityMinor:
      *value = 5;
      return cudaSuccess;
    case cudaDevAttrMemoryPoolsSupported:
      *value = 1;
      return cudaSuccess;
  }
  return done(cudaErrorInvalidValue);
}

cudaError_t cudaDeviceSynchronize() {
  Call call;
  return call.run([&] { call.d.streams.finish_all(); });
}

cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  Call call;
  *total = options().memory_bytes;
  *free = *total - std::min(*total, call.d.memory.used_bytes() + call.d.memory.pool_bytes());
  return cudaSuccess;
}

}  // namespace vocabulary
}  // namespace gg::emulator
