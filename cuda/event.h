// Marks in the calling thread's stream, to time what lies between two of them on the device itself.
#pragma once

#include "cuda/device_api.h"

GG_DEVICE_API(class Event {
 public:
  Event();
  ~Event();
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  /// Puts the mark behind all that the calling thread's stream has been given; may be put again elsewhere.
  void record();
  /// Waits until the device has reached the mark; at once where it was never put.
  void synchronize();
  /// Waits for both marks. Throws if one was never put.
  double milliseconds_since(Event & earlier);

 private:
  void* handle_ = nullptr;
};)
