#include "cuda/emulator/stream_queue.h"

#include <algorithm>
#include <utility>

namespace gg::emulator {

Stream* StreamQueue::create(bool blocking) {
  return streams_.emplace_back(std::make_unique<Stream>(Stream{blocking, {}})).get();
}

bool StreamQueue::destroy(Stream* stream) {
  auto found = std::find_if(streams_.begin(), streams_.end(), [&](const auto& s) { return s.get() == stream; });
  if (found == streams_.end()) return false;
  finish(*stream);
  streams_.erase(found);
  return true;
}

Stream* StreamQueue::resolve(Stream* handle) {
  if (!handle) return &null_;
  for (const auto& stream : streams_) {
    if (stream.get() == handle) return handle;
  }
  return nullptr;
}

bool StreamQueue::must_finish_others(const Stream& stream) const {
  if (&stream != &null_) return stream.blocking && !is_idle(null_);
  return std::any_of(streams_.begin(), streams_.end(),
                     [&](const auto& other) { return other->blocking && !is_idle(*other); });
}

void StreamQueue::enqueue(Stream& stream, Work work) {
  if (&stream == &null_) {
    for (const auto& other : streams_) {
      if (other->blocking) finish(*other);
    }
  } else if (stream.blocking) {
    finish(null_);
  }
  stream.work.push_back(std::move(work));
}

void StreamQueue::record(Event& event, Stream& stream) {
  event.stream = &stream;
  const uint64_t turn = ++event.recorded;
  enqueue(stream, [&event, turn] {
    event.completed = turn;
    event.time = std::chrono::steady_clock::now();
  });
}

void StreamQueue::wait(Stream& stream, Event& event) {
  if (!event.stream) return;  // CUDA: an event that was never recorded holds nobody up
  // Bound now: a later recording of the same event is another matter.
  enqueue(stream, [this, &event, turn = event.recorded, recorded_in = event.stream] {
    while (event.completed < turn && !recorded_in->work.empty()) step(*recorded_in);
  });
}

void StreamQueue::step(Stream& stream) {
  Work work = std::move(stream.work.front());
  stream.work.pop_front();
  work();
}

void StreamQueue::finish(Stream& stream) {
  while (!stream.work.empty()) step(stream);
}

void StreamQueue::finish_event(const Event& event) {
  while (event.stream && event.completed < event.recorded && !event.stream->work.empty()) step(*event.stream);
}

void StreamQueue::finish_all() {
  finish(null_);
  for (const auto& stream : streams_) finish(*stream);
}

void StreamQueue::drop_all() {
  null_.work.clear();
  for (const auto& stream : streams_) stream->work.clear();
}

}  // namespace gg::emulator
