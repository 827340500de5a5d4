// Prefetch<T>: a background thread that makes the next few items of a sequence while the current one is used.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

namespace gg::data {

template <class T>
class Prefetch {
 public:
  /// `produce` is called in the background thread, again and again, while fewer than `capacity` ≥ 1 items wait. If it
  /// throws, the items before it are still handed out, then next() throws the same exception, each time it is called.
  Prefetch(size_t capacity, std::function<T()> produce)
      : capacity_(capacity), produce_(std::move(produce)), thread_([this] { work(); }) {}

  /// Waits for the item in the making, if any; nothing else.
  ~Prefetch() {
    {
      std::lock_guard guard(lock_);
      stop_ = true;
    }
    room_.notify_all();
    thread_.join();
  }
  Prefetch(const Prefetch&) = delete;
  Prefetch& operator=(const Prefetch&) = delete;

  /// The next item, in the order in which they were made.
  T next() {
    std::unique_lock guard(lock_);
    ready_.wait(guard, [&] { return !items_.empty() || failure_; });
    if (items_.empty()) std::rethrow_exception(failure_);
    T item = std::move(items_.front());
    items_.pop_front();
    guard.unlock();
    room_.notify_one();
    return item;
  }

 private:
  void work() {
    while (true) {
      {
        std::unique_lock guard(lock_);
        room_.wait(guard, [&] { return stop_ || items_.size() < capacity_; });
        if (stop_) return;
      }
      try {
        T item = produce_();
        std::lock_guard guard(lock_);
        items_.push_back(std::move(item));
      } catch (...) {
        std::lock_guard guard(lock_);
        failure_ = std::current_exception();
      }
      ready_.notify_one();
      if (failure_) return;  // written by this thread alone
    }
  }

  const size_t capacity_;
  std::function<T()> produce_;
  std::mutex lock_;
  std::condition_variable ready_, room_;
  std::deque<T> items_;
  std::exception_ptr failure_;
  bool stop_ = false;
  std::thread thread_;  // last: the others must exist when it starts
};

}  // namespace gg::data
