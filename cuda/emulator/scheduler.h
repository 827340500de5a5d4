// Runs a grid: every CUDA thread a flow of control of its own, block after block, on the calling OS thread.
//
// A fiber takes one CUDA thread after another until one has to wait; only then is another fiber needed. So kernels
// without barriers run as a plain loop. (Under ThreadSanitizer each CUDA thread of a block has its own fiber, and two
// sets of them take turns from block to block, so that neighbouring blocks can race.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "cuda/emulator/vector_types.h"

namespace gg::emulator {

inline constexpr int kWarpSize = 32;
inline constexpr int kMaxBlockThreads = 1024;

struct Grid {
  const char* name;  ///< of the kernel, for diagnostics
  vocabulary::dim3 blocks, threads;
  size_t dynamic_shared_bytes;
  void (*run_thread)(const void* call);  ///< calls the kernel once, for the thread whose indices are set
  const void* call;
};

/// Runs all blocks. Returns an empty text, or what went wrong; then the grid was aborted. One call at a time.
std::string run_grid(const Grid& grid);

}  // namespace gg::emulator
