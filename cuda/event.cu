#include "cuda/event.h"

#include "cuda/platform.h"

namespace gg::GG_CUDA_NS {
namespace {
cudaEvent_t event(void* handle) { return static_cast<cudaEvent_t>(handle); }
}  // namespace

Event::Event() {
  cudaEvent_t made = nullptr;
  check(cudaEventCreate(&made), "creating an event");
  handle_ = made;
}

Event::~Event() { static_cast<void>(cudaEventDestroy(event(handle_))); }

void Event::record() { check(cudaEventRecord(event(handle_), native(current_stream())), "marking a stream"); }

void Event::synchronize() { check(cudaEventSynchronize(event(handle_)), "waiting for an event"); }

double Event::milliseconds_since(Event& earlier) {
  earlier.synchronize();
  synchronize();
  float milliseconds = 0;
  check(cudaEventElapsedTime(&milliseconds, event(earlier.handle_), event(handle_)), "timing between two events");
  return static_cast<double>(milliseconds);
}

}  // namespace gg::GG_CUDA_NS
