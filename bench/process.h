// Measurements in processes of their own: none inherits another's heap, caches of primitives or thread pools, and the
// peer's settings of the memory allocator have to be there before the process starts.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "bench/measure.h"

namespace gg::bench {

using Environment = std::vector<std::pair<std::string, std::string>>;

struct ProcessRow {
  std::string name;
  double value = 0;  ///< seconds (or MiB)
  Work work = {};
};

struct ProcessResult {
  std::vector<ProcessRow> rows;              ///< what the process told
  std::map<std::string, std::string> facts;  ///< such as versions
  double wall_seconds = 0;                   ///< from start to end of the process
  double peak_mib = 0;                       ///< most resident memory
};

/// Runs a program with additional environment variables and waits for it. Throws, with its last words, if it fails.
ProcessResult run_process(const std::vector<std::string>& command, const Environment& environment);

/// What a program prints, without line ends behind it; nothing if there is no such program, or if it fails.
std::string output_of(const std::vector<std::string>& command, const Environment& environment = {});

/// Path of the running program.
std::string own_path();

}  // namespace gg::bench
