// What is known about rows beforehand: their unit, the work that nobody can avoid, and our goals.
#pragma once

#include <string>
#include <vector>

#include "bench/measure.h"

namespace gg::bench {

enum class Unit { ns, ms, us, mib, ratio };
const char* name_of(Unit unit);
/// Of one second (of one MiB, of 1) in that unit.
double scale(Unit unit);

/// 0 means that there is none.
struct Goals {
  double value = 0;          ///< at most this, in the row's unit
  double of_tuned = 0;       ///< at most this much of the time of tuned libtorch
  double of_limit = 0;       ///< at least this much of what the machine can do, one thread
  double peak_of_tuned = 0;  ///< at most this much of the peak memory of tuned libtorch
};

struct RowFacts {
  Unit unit = Unit::ms;
  Work work = {};  ///< where the row itself does not tell
  Goals goals = {};
};

/// About a row on a device ("cpu", …). Goals are set for the CPU.
RowFacts facts_of(const std::string& row, const std::string& device);

/// The names of all rows that something is known about.
std::vector<std::string> known_rows();

}  // namespace gg::bench
