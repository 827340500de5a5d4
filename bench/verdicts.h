// What the results of a run say about its goals, and about PyTorch.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace gg::bench {

struct Verdict {
  std::string goal;     ///< "<= 0.5x"
  std::string reached;  ///< "0.46x"; empty where it was not measured
  bool met = false;

  /// "<= 0.5x ✓", "<= 0.5x ✗ (0.56x)", or the goal alone where it was not measured.
  std::string text() const;
};

/// Of each goal of a row.
std::vector<Verdict> verdicts_of(const nlohmann::json& row);

/// A line for each goal of a run that was not met, in the order of its rows.
std::vector<std::string> goals_not_met(const nlohmann::json& run);

/// A line for each row that takes longer than PyTorch (or more memory), the worst first. Up to 2 % is as good.
std::vector<std::string> slower_than_pytorch(const nlohmann::json& run);

/// Our most memory divided by that of tuned libtorch; 0 where one of them was not measured.
double ratio_of_peaks(const nlohmann::json& row);

}  // namespace gg::bench
