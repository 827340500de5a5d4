#include "cuda/emulator/work_count.h"

#include <mutex>
#include <numeric>

namespace gg::emulator {
namespace {

struct Counter {
  std::mutex mutex;
  WorkCount count;
};
Counter& counter() {
  static Counter* instance = new Counter;  // outlives every static that still has work to do
  return *instance;
}

int64_t total(const std::map<std::string, int64_t>& counts) {
  return std::accumulate(counts.begin(), counts.end(), int64_t{0},
                         [](int64_t sum, const auto& entry) { return sum + entry.second; });
}

}  // namespace

int64_t WorkCount::total_kernels() const { return total(kernels); }
int64_t WorkCount::total_library_calls() const { return total(library_calls); }

WorkCount work_count() {
  std::lock_guard lock(counter().mutex);
  return counter().count;
}

void reset_work_count() {
  std::lock_guard lock(counter().mutex);
  counter().count = {};
}

void count_kernel(const char* name) {
  std::lock_guard lock(counter().mutex);
  ++counter().count.kernels[name];
}

void count_library_call(const char* function) {
  std::lock_guard lock(counter().mutex);
  ++counter().count.library_calls[function];
}

}  // namespace gg::emulator
