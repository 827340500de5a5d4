// The emulated device as seen by tests and debuggers: how it runs kernels, and what it found wrong with them.
//
// The device runs every CUDA thread of a launch on the CPU and watches: barriers that not all threads reach, warp
// operations whose mask lies, accesses outside arrays, host pointers given to kernels, copies that leave their
// allocation. The first fault ends the grid, is kept here as text, and makes every later call return
// cudaErrorLaunchFailure, as a GPU does after a fault. Read next: scheduler.h (threads), memory_registry.h (memory),
// stream_queue.h (order of work), ../platform.h (how kernels are written).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace gg::emulator {

/// In which order threads get their turn. All are warp-first: one warp runs as far as it can, then the next; a fair
/// order would hide missing barriers.
enum class Schedule { forward, reverse, random_a, random_b };
inline constexpr Schedule kSchedules[] = {Schedule::forward, Schedule::reverse, Schedule::random_a, Schedule::random_b};
const char* to_string(Schedule schedule);

struct Options {
  /// Preset by the environment: GG_EMULATOR_SCHEDULE=forward|reverse|random_a|random_b.
  Schedule schedule = Schedule::forward;
  /// What fresh device and shared memory is filled with. 0xFF: floats are NaN, indices -1; 0x7F: floats are 3.4e38,
  /// which fmaxf does not swallow as it does NaN.
  unsigned char fill = 0xff;
  /// Whether a thread that has returned may not be waited for. CUDA lets blocks go on without such threads; strict
  /// finds the early return that was not meant.
  bool strict_exit = true;
  /// Whether work runs when it is enqueued. Otherwise it runs as late as the host allows, so that a forgotten
  /// synchronisation gives wrong data here and not on the first busy GPU. Preset by GG_EMULATOR_EAGER=1.
  bool eager = false;
  /// Device memory, in bytes.
  size_t memory_bytes = size_t{8} << 30;
};

/// Change only while no work is pending.
Options& options();

/// Everything found since the last call, oldest first; empty after a sound run.
std::vector<std::string> take_diagnostics();
/// The newest of them, without taking it; empty if there is none.
std::string last_diagnostic();
/// The addresses of all kernels that were launched since the program started; instantiations of a template count one by
/// one.
std::vector<const void*> launched_kernels();
/// Makes the device usable again after a fault. Memory, streams and diagnostics stay; pending work was dropped.
void clear_failure();

}  // namespace gg::emulator
