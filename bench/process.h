// Measurements in processes of their own: none inherits another's heap, caches of primitives or thread pools, and the
// peer's settings of the memory allocator have to be there before the process starts.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace gg::bench {

using Environment = std::vector<std::pair<std::string, std::string>>;

struct ProcessResult {
  std::map<std::string, double> rows;        ///< what the process told: name ↦ seconds (or MiB)
  std::map<std::string, std::string> facts;  ///< such as versions
  double wall_seconds = 0;                   ///< from start to end of the process
  double cpu_seconds = 0;                    ///< of all its threads
};

/// Runs a program with additional environment variables and waits for it. Throws, with its last words, if it fails.
ProcessResult run_process(const std::vector<std::string>& command, const Environment& environment);

/// Path of the running program.
std::string own_path();

}  // namespace gg::bench
