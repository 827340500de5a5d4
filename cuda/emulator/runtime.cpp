#include "cuda/emulator/runtime.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <set>

#include "core/error.h"
#include "cuda/emulator/diagnostics.h"
#include "cuda/emulator/emulator.h"
#include "cuda/emulator/memory_registry.h"
#include "cuda/emulator/scheduler.h"
#include "cuda/emulator/shared_memory.h"
#include "cuda/emulator/stream_queue.h"

namespace gg::emulator {

using namespace vocabulary;

namespace {

constexpr int kMultiprocessors = 4;

/// The device. Never destroyed: allocations may outlive every static.
struct DeviceState {
  std::recursive_mutex mutex;
  std::set<const void*> launched;
  MemoryRegistry memory;
  StreamQueue streams;
  std::vector<std::unique_ptr<Event>> events;
  cudaError_t fault = cudaSuccess;  // sticky, as on a GPU
};

DeviceState& device() {
  static DeviceState* instance = new DeviceState;
  return *instance;
}

thread_local cudaError_t last_error = cudaSuccess;

cudaError_t done(cudaError_t error) {
  if (error != cudaSuccess) last_error = error;
  return error;
}

cudaError_t refuse(cudaError_t error, std::string why) {
  report(std::move(why));
  return done(error);
}

/// Entered by every call: the lock, the sticky fault, and memory open to the device's work as long as it lasts.
struct Call {
  Call() : lock(device().mutex) {}
  DeviceState& d = device();
  std::lock_guard<std::recursive_mutex> lock;

  /// Runs what `finish` finishes with the device's memory open to it; afterwards says whether the device still stands.
  template <class F>
  cudaError_t run(F finish) {
    {
      MemoryRegistry::Open open(d.memory);
      finish();
    }
    if (d.fault == cudaSuccess) return done(cudaSuccess);
    drop();
    return done(d.fault);
  }
  void drop() {
    d.streams.drop_all();
    for (const auto& event : d.events) event->completed = event->recorded;
  }
  Event* resolve(Event* handle) {
    for (const auto& event : d.events) {
      if (event.get() == handle) return handle;
    }
    return nullptr;
  }
  cudaError_t submit(Stream& stream, Work work) {
    if (d.fault != cudaSuccess) return done(d.fault);
    auto enqueue = [&] {
      d.streams.enqueue(stream, [&device = d, work = std::move(work)] {
        if (device.fault == cudaSuccess) work();
      });
      if (options().eager) d.streams.finish(stream);
    };
    if (options().eager || d.streams.must_finish_others(stream)) return run(enqueue);
    enqueue();  // nothing runs, so memory need not be opened
    return done(cudaSuccess);
  }
};

std::string text(const dim3& d) { return str("(", d.x, ",", d.y, ",", d.z, ")"); }

std::string address(const void* p) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%p", p);
  return digits;
}

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

void clear_failure() {
  Call call;
  call.drop();
  call.d.fault = cudaSuccess;
  last_error = cudaSuccess;
}

namespace vocabulary {

// ---- Errors ----

cudaError_t cudaGetLastError() {
  Call call;
  const cudaError_t error = call.d.fault != cudaSuccess ? call.d.fault : last_error;
  last_error = cudaSuccess;
  return error;
}

cudaError_t cudaPeekAtLastError() {
  Call call;
  return call.d.fault != cudaSuccess ? call.d.fault : last_error;
}

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
  *free = *total - std::min(*total, call.d.memory.used_bytes());
  return cudaSuccess;
}

// ---- Memory ----

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

// ---- Streams and events ----

cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  Call call;
  *stream = call.d.streams.create();
  return cudaSuccess;
}

// Non-blocking streams keep the null stream's rule too, which is stricter than CUDA about nothing a program may use.
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) { return cudaStreamCreate(stream); }

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  Call call;
  bool known = false;
  const cudaError_t error = call.run([&] { known = call.d.streams.destroy(stream); });
  return known ? error : done(cudaErrorInvalidResourceHandle);
}

cudaError_t cudaStreamSynchronize(cudaStream_t handle) {
  Call call;
  Stream* stream = call.d.streams.resolve(handle);
  if (!stream) return done(cudaErrorInvalidResourceHandle);
  return call.run([&] { call.d.streams.finish(*stream); });
}

cudaError_t cudaStreamQuery(cudaStream_t stream) { return cudaStreamSynchronize(stream); }

cudaError_t cudaStreamWaitEvent(cudaStream_t handle, cudaEvent_t event, unsigned) {
  Call call;
  Stream* stream = call.d.streams.resolve(handle);
  if (!stream || !call.resolve(event)) return done(cudaErrorInvalidResourceHandle);
  return call.run([&] { call.d.streams.wait(*stream, *event); });
}

cudaError_t cudaEventCreate(cudaEvent_t* event) {
  Call call;
  *event = call.d.events.emplace_back(std::make_unique<Event>()).get();
  return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) { return cudaEventCreate(event); }

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  Call call;
  if (!call.resolve(event)) return done(cudaErrorInvalidResourceHandle);
  const cudaError_t error = call.run([&] { call.d.streams.finish_all(); });  // closures hold a reference to it
  std::erase_if(call.d.events, [&](const auto& e) { return e.get() == event; });
  return error;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t handle) {
  Call call;
  Stream* stream = call.d.streams.resolve(handle);
  if (!stream || !call.resolve(event)) return done(cudaErrorInvalidResourceHandle);
  return call.run([&] { call.d.streams.record(*event, *stream); });
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  Call call;
  if (!call.resolve(event)) return done(cudaErrorInvalidResourceHandle);
  return call.run([&] { call.d.streams.finish_event(*event); });
}

cudaError_t cudaEventQuery(cudaEvent_t event) { return cudaEventSynchronize(event); }

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
  Call call;
  if (!call.resolve(start) || !call.resolve(end) || !start->stream || !end->stream) {
    return done(cudaErrorInvalidResourceHandle);
  }
  if (start->completed < start->recorded || end->completed < end->recorded) return done(cudaErrorNotReady);
  *milliseconds = std::chrono::duration<float, std::milli>(end->time - start->time).count();
  return cudaSuccess;
}

}  // namespace vocabulary
}  // namespace gg::emulator
