// How much work the emulated device has done: what tests hold against a budget of launches. Work counts when it runs,
// so synchronise before reading.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace gg::emulator {

struct WorkCount {
  std::map<std::string, int64_t> kernels;        ///< grids, by the name of their launch
  std::map<std::string, int64_t> library_calls;  ///< by function: "cublasSgemm_v2"

  int64_t total_kernels() const;
  int64_t total_library_calls() const;
};

/// Since the program started, or the last reset.
WorkCount work_count();
void reset_work_count();

// For the emulator itself.
void count_kernel(const char* name);
void count_library_call(const char* function);

}  // namespace gg::emulator
