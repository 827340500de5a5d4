// Streams and events of the runtime API.
#include "cuda/emulator/device_state.h"

namespace gg::emulator::vocabulary {

cudaError_t cudaStreamCreate(cudaStream_t* stream) { return cudaStreamCreateWithFlags(stream, cudaStreamDefault); }

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  Call call;
  *stream = call.d.streams.create(flags != cudaStreamNonBlocking);
  return cudaSuccess;
}

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

}  // namespace gg::emulator::vocabulary
