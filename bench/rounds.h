// Measures every task: each in a process of its own (process.h), ours and the peers' in turns, so that all meet the
// machine in the same state.
#pragma once

#include <string>

#include "bench/report.h"

namespace gg::bench {

struct RoundOptions {
  std::string filter;  ///< only tasks with this in their name
  std::string python;  ///< an interpreter that has PyTorch, which is measured, too; may be empty
  Settings settings;
  int rounds = 3;    ///< processes for each task and competitor
  bool peer = true;  ///< whether libtorch is measured where it was built in
};

/// Adds rows, peaks, facts, and the limits of the minutes of each task to the report. A process that fails costs its
/// own rows and is named at once; returns how many did.
int run_rounds(const RoundOptions& options, Report& report);

}  // namespace gg::bench
