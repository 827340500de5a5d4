// The one emulated device, and what every call of the runtime API does on entry. For the runtime's own files.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "cuda/emulator/emulator.h"
#include "cuda/emulator/memory_registry.h"
#include "cuda/emulator/runtime.h"
#include "cuda/emulator/stream_queue.h"

namespace gg::emulator {

using namespace vocabulary;  // NOLINT: CUDA's names

/// The device. Never destroyed: allocations may outlive every static.
struct DeviceState {
  std::recursive_mutex mutex;
  std::set<const void*> launched;
  MemoryRegistry memory;
  StreamQueue streams;
  std::vector<std::unique_ptr<Event>> events;
  cudaError_t fault = cudaSuccess;  // sticky, as on a GPU
};

DeviceState& device();

/// Returns `error`; the thread's last error is now that, unless it is none.
cudaError_t done(cudaError_t error);
/// The same with a diagnostic.
cudaError_t refuse(cudaError_t error, std::string why);

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
    d.memory.free_leaving();
    for (const auto& event : d.events) event->completed = event->recorded;
  }
  Event* resolve(Event* handle) {
    for (const auto& event : d.events) {
      if (event.get() == handle) return handle;
    }
    return nullptr;
  }
  cudaError_t submit(Stream& stream, Work work) {
    // A program may go on for long without waiting; what it has asked for must fit into this machine.
    constexpr size_t kMostPending = 4096, kMostLeaving = size_t{256} << 20;
    const bool now = options().eager || stream.work.size() >= kMostPending || d.memory.leaving_bytes() > kMostLeaving;
    if (d.fault != cudaSuccess) return done(d.fault);
    auto enqueue = [&] {
      d.streams.enqueue(stream, [&device = d, work = std::move(work)] {
        if (device.fault == cudaSuccess) work();
      });
      if (now) d.streams.finish(stream);
    };
    if (now || d.streams.must_finish_others(stream)) return run(enqueue);
    enqueue();  // nothing runs, so memory need not be opened
    return done(cudaSuccess);
  }
};

std::string address(const void* p);

}  // namespace gg::emulator
