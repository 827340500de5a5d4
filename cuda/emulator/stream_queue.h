// Streams and events: queues of work that run as late as the host's calls allow.
//
// A GPU may begin a stream's work at once or much later. Running it at the last moment turns a forgotten
// synchronisation or a missing event into wrong data every time. The null stream keeps CUDA's legacy rule: it waits for
// all other blocking streams, and they wait for it. Not locked: the callers hold the device's lock.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

namespace gg::emulator {

/// A closure that does one thing on the device.
using Work = std::function<void()>;

struct Stream {
  bool blocking = true;  ///< whether the null stream's rule holds for it
  std::deque<Work> work;
};

struct Event {
  Stream* stream = nullptr;  ///< where it was recorded last
  uint64_t recorded = 0;     ///< how often it has been put into a stream
  uint64_t completed = 0;    ///< how often the device has reached it
  std::chrono::steady_clock::time_point time{};
};

class StreamQueue {
 public:
  Stream* create(bool blocking);
  /// Finishes the stream's work first. False if there is no such stream, or it is the null stream.
  bool destroy(Stream* stream);
  /// The stream that a handle names; nullptr names the null stream. Null if there is no such stream.
  Stream* resolve(Stream* handle);

  /// Whether the null stream's rule makes enqueue(stream, …) finish other work first.
  bool must_finish_others(const Stream& stream) const;
  void enqueue(Stream& stream, Work work);
  void record(Event& event, Stream& stream);
  void wait(Stream& stream, Event& event);

  void finish(Stream& stream);
  void finish_event(const Event& event);
  void finish_all();
  bool is_idle(const Stream& stream) const { return stream.work.empty(); }
  /// Forgets everything that has not run.
  void drop_all();

 private:
  void step(Stream& stream);

  Stream null_;
  std::vector<std::unique_ptr<Stream>> streams_;
};

}  // namespace gg::emulator
