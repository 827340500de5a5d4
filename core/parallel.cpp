#include "core/parallel.h"

#include <sched.h>

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "core/error.h"

namespace gg {
namespace {

inline void cpu_relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

int default_threads() {
  if (const char* text = std::getenv("GG_NUM_THREADS")) {
    int n = std::atoi(text);
    if (n >= 1) return n;
  }
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
  return 1;
}

thread_local bool inside_parallel = false;

class Pool {
 public:
  Pool() : threads_(default_threads()) {}
  ~Pool() { stop(); }

  int threads() const { return threads_; }

  void resize(int n) {
    std::lock_guard lock(owner_);
    stop();
    threads_ = n;
  }

  void run(int64_t chunks, detail::ChunkFn fn, void* context) {
    std::unique_lock lock(owner_, std::try_to_lock);
    if (!lock || threads_ == 1) return run_serially(chunks, fn, context);
    if (static_cast<int>(workers_.size()) != threads_ - 1) start();

    fn_ = fn;
    context_ = context;
    chunks_ = chunks;
    next_.store(0, std::memory_order_relaxed);
    error_ = nullptr;
    open_.store(true);
    epoch_.fetch_add(1);
    if (sleepers_.load() > 0) {
      std::lock_guard sleep_lock(sleep_);
      wake_.notify_all();
    }
    inside_parallel = true;
    work();
    inside_parallel = false;
    // Every chunk is claimed now. A worker that comes later finds the job closed; those at work are waited for.
    open_.store(false);
    for (int spins = 0; working_.load() != 0; ++spins) {
      if (spins < 2000) {
        cpu_relax();
      } else {
        std::this_thread::yield();
      }
    }
    if (error_) std::rethrow_exception(error_);
  }

  static void run_serially(int64_t chunks, detail::ChunkFn fn, void* context) {
    for (int64_t c = 0; c < chunks; ++c) fn(context, c);
  }

 private:
  void work() {
    try {
      for (int64_t c; (c = next_.fetch_add(1, std::memory_order_relaxed)) < chunks_;) fn_(context_, c);
    } catch (...) {
      std::lock_guard lock(error_lock_);
      if (!error_) error_ = std::current_exception();
      next_.store(chunks_);
    }
  }

  void worker() {
    inside_parallel = true;
    uint64_t seen = 0;
    while (true) {
      // Spin for some tens of microseconds, since the next job of a training step is usually near; then sleep.
      for (int spins = 0; epoch_.load() == seen && spins < kSpins && !stopping_.load(std::memory_order_relaxed);
           ++spins) {
        cpu_relax();
      }
      if (epoch_.load() == seen) {
        std::unique_lock lock(sleep_);
        sleepers_.fetch_add(1);
        wake_.wait(lock, [&] { return epoch_.load() != seen || stopping_.load(); });
        sleepers_.fetch_sub(1);
      }
      if (stopping_.load()) return;
      seen = epoch_.load();
      // Announce first, then look whether the job is still open: with the caller's order (close, then look for workers)
      // either the caller sees this worker or this worker sees the job closed.
      working_.fetch_add(1);
      if (open_.load()) work();
      working_.fetch_sub(1);
    }
  }

  void start() {
    stop();
    stopping_.store(false);
    for (int i = 0; i + 1 < threads_; ++i) workers_.emplace_back([this] { worker(); });
  }

  void stop() {
    {
      std::lock_guard lock(sleep_);
      stopping_.store(true);
      wake_.notify_all();
    }
    for (auto& t : workers_) t.join();
    workers_.clear();
  }

  static constexpr int kSpins = 2000;

  int threads_;
  std::vector<std::thread> workers_;
  std::mutex owner_;  // held by the thread whose job the pool runs

  detail::ChunkFn fn_ = nullptr;
  void* context_ = nullptr;
  int64_t chunks_ = 0;
  std::exception_ptr error_;
  std::mutex error_lock_;
  alignas(64) std::atomic<int64_t> next_{0};
  alignas(64) std::atomic<uint64_t> epoch_{0};
  std::atomic<bool> open_{false};
  alignas(64) std::atomic<int> working_{0};

  std::mutex sleep_;
  std::condition_variable wake_;
  std::atomic<int> sleepers_{0};
  std::atomic<bool> stopping_{false};
};

Pool& pool() {
  static Pool instance;
  return instance;
}

}  // namespace

int num_threads() { return pool().threads(); }

void set_num_threads(int n) {
  GG_CHECK(n >= 1 && n <= 1024, "set_num_threads: expected a number from 1 to 1024, got ", n);
  GG_CHECK(!inside_parallel, "set_num_threads: called from inside parallel work");
  if (n != pool().threads()) pool().resize(n);
}

void detail::parallel_chunks(int64_t chunks, ChunkFn fn, void* context) {
  if (chunks <= 0) return;
  if (chunks == 1 || inside_parallel) return Pool::run_serially(chunks, fn, context);
  pool().run(chunks, fn, context);
}

}  // namespace gg
