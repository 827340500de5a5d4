#include "cuda/stream.h"

#include <array>
#include <mutex>
#include <set>

#include "cuda/faults.h"
#include "cuda/platform.h"

namespace gg::GG_CUDA_NS {
namespace {

// Who has which number. Never destroyed: threads may end after every static object.
struct Numbers {
  std::mutex lock;
  std::set<int> left;  // by threads that ended
  int next = 0;

  int lend() {
    std::lock_guard guard(lock);
    if (!left.empty()) {
      // The smallest: those beyond kMaxStreams share, and should not where there is no need any more.
      return left.extract(left.begin()).value();
    }
    return next++;
  }
  void take_back(int number) {
    std::lock_guard guard(lock);
    left.insert(number);
  }
};
Numbers& numbers() {
  static auto& instance = *new Numbers;
  return instance;
}

// Plain, so that it can be read while the thread ends; memory is given back then too.
thread_local int current = -1;

struct Lease {
  int number = numbers().lend();
  ~Lease() { numbers().take_back(number); }
};

struct Stream {
  std::once_flag once;
  cudaStream_t stream = nullptr;
  std::mutex lock;
  cudaEvent_t reached = nullptr;  // recorded anew for each wait
};
Stream& made(int number) {
  static auto& all = *new std::array<Stream, kMaxStreams>;
  Stream& s = all.at(static_cast<size_t>(number));
  std::call_once(s.once, [&] {
    check(cudaEventCreateWithFlags(&s.reached, cudaEventDisableTiming), "creating an event");
    check(cudaStreamCreateWithFlags(&s.stream, cudaStreamNonBlocking), "creating a stream");
  });
  return s;
}

}  // namespace

int current_stream_number() noexcept {
  if (current < 0) {
    thread_local Lease lease;
    current = lease.number % kMaxStreams;
  }
  return current;
}

DeviceStream current_stream() { return {made(current_stream_number()).stream}; }

DeviceStream stream_of(int number) { return {made(number).stream}; }

void wait_for_stream(int stream, int other) {
  if (stream == other) return;
  Stream& from = made(other);
  std::lock_guard guard(from.lock);
  check(cudaEventRecord(from.reached, from.stream), "marking a stream");
  check(cudaStreamWaitEvent(made(stream).stream, from.reached, 0), "waiting for a stream");
}

void synchronize() {
  check(cudaStreamSynchronize(native(current_stream())), "waiting for the device");
  throw_faults();
}

void synchronize_all() {
  check(cudaDeviceSynchronize(), "waiting for the device");
  throw_faults();
}

}  // namespace gg::GG_CUDA_NS
