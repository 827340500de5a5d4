// docs/cuda-kernels.md: what the compiler made of every kernel, as a page to read.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tools/kernel_facts.h"

namespace gg::tools {

/// What limits the threads that a multiprocessor holds at once, for a compute capability.
struct OccupancyLimits {
  const char* architecture;  ///< "sm_75"
  int threads, blocks;       ///< resident
  int shared_bytes;          ///< of all blocks together
  int shared_unit;           ///< shared memory is given out in multiples of this
  int reserved_shared;       ///< bytes that each block has besides its own
};
/// Null where the architecture is not known.
const OccupancyLimits* occupancy_limits(const std::string& architecture);

/// Resident threads as a share of the most that the multiprocessor takes, from 0 to 1. 65,536 registers lie in four
/// parts, each for a quarter of the warps; a warp takes 32 times its registers, rounded up to 256.
double theoretical_occupancy(const OccupancyLimits& limits, int block_threads, int registers, int shared_bytes);

/// What a source declares of its kernels: the text after "// bytes: " in the lines before each __global__.
std::map<std::string, std::string> declared_traffic(const std::string& source);
/// The same of all .cu and .cuh files of a folder. Throws std::runtime_error naming a kernel that declares nothing.
std::map<std::string, std::string> declared_traffic_in(const std::string& folder);

/// Launches of one training step: what it is, kernels, calls of libraries, copies and fills.
struct StepLaunches {
  std::string step;
  int kernels, library_calls;
};

struct KernelPage {
  std::vector<KernelObject> objects;
  std::map<std::string, std::string> traffic;
  std::vector<StepLaunches> steps;
  std::string compiler;  ///< "nvcc 13.0.88"
};
/// " by nvcc 13.0.88 for sm_75", of the first architecture in the logs: part of the page.
std::string made_by(const std::vector<KernelObject>& objects, const std::string& compiler);
/// The page for that architecture.
std::string to_markdown(const KernelPage& page);

}  // namespace gg::tools
