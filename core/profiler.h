// Profiler: what the kernels of a program cost. While one lives, every kernel call is timed; tables for people and a
// trace for Chrome's chrome://tracing or ui.perfetto.dev follow from it.
//
//   Profiler profiler;
//   train(...);
//   std::cout << to_table(profiler.profile());
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gg {

/// The calls of one kernel on one kind of device.
struct KernelTotal {
  std::string kernel;
  std::string device;
  int64_t calls = 0;
  double seconds = 0;
  int64_t bytes = 0;  ///< of the arrays that it was given, broadcast elements counted once: what it must move at least
};

struct KernelEvent {
  std::string kernel;
  std::string shapes;  ///< of its arrays, outputs first: "[128,10] [128,512] [512,10]"
  double start = 0;    ///< seconds since the profiler began
  double seconds = 0;
  int64_t bytes = 0;
  int thread = 0;  ///< 0, 1, … in the order in which threads called their first kernel
};

struct Profile {
  double seconds = 0;               ///< since the profiler began
  std::vector<KernelTotal> totals;  ///< largest time first
  std::vector<KernelEvent> events;  ///< in the order in which they ended: the first kMostEvents of them
  int64_t peak_bytes = 0;           ///< most memory that tensors on the CPU had at once since then
  static constexpr size_t kMostEvents = 200'000;
};

/// There can be one at a time; it throws where another lives, or another observer of kernels does. On devices each
/// kernel is waited for, so that its time is its own; the program as a whole then takes longer than without. Other
/// threads may go on calling kernels while it begins and ends.
class Profiler {
 public:
  Profiler();
  ~Profiler();
  Profiler(const Profiler&) = delete;
  Profiler& operator=(const Profiler&) = delete;

  /// What was seen up to now. Throws what went wrong on a device since the last call.
  Profile profile() const;
};

/// A line for each kernel: calls, time, share of all kernels' time, bytes, bytes per second; then the sums.
std::string to_table(const Profile& profile);

/// The events as JSON in Chrome's trace format.
std::string to_chrome_trace(const Profile& profile);

}  // namespace gg
