#include "bench/verdicts.h"

#include <fmt/format.h>

#include <algorithm>

namespace gg::bench {
namespace {

using nlohmann::json;

// 0 where it is not there.
double at(const json& object, const char* key, const char* inner) {
  return object.contains(key) ? object[key].value(inner, 0.0) : 0;
}

std::string times(double ratio) { return fmt::format("{:.3g}x", ratio); }

std::string with_unit(double v, const std::string& unit) {
  return v < 100 ? fmt::format("{:.3g} {}", v, unit) : fmt::format("{:.0f} {}", v, unit);
}

std::string percent(double share) { return fmt::format("{:.1f} %", 100 * share); }

}  // namespace

std::string Verdict::text() const {
  if (reached.empty()) return goal;
  return met ? goal + " ✓" : fmt::format("{} ✗ ({})", goal, reached);
}

double ratio_of_peaks(const json& row) {
  const double theirs = at(row, "tuned", "peak_mib");
  return theirs > 0 ? at(row, "gradgrad", "peak_mib") / theirs : 0;
}

std::vector<Verdict> verdicts_of(const json& row) {
  std::vector<Verdict> out;
  const std::string unit = row["unit"];
  if (const double most = at(row, "goals", "value"); most > 0) {
    const double value = at(row, "gradgrad", "median");
    out.push_back({fmt::format("<= {:g} {}", most, unit), value > 0 ? with_unit(value, unit) : "", value <= most});
  }
  if (const double most = at(row, "goals", "of_tuned"); most > 0) {
    const double ratio = row.value("ratio_to_tuned", 0.0);
    out.push_back({fmt::format("<= {:g}x", most), ratio > 0 ? times(ratio) : "", ratio <= most});
  }
  if (const double least = at(row, "goals", "of_limit"); least > 0) {
    const double share = row.value("fraction_of_limit", 0.0);
    out.push_back({fmt::format(">= {:.0f} %", 100 * least), share > 0 ? percent(share) : "", share >= least});
  }
  if (const double most = at(row, "goals", "peak_of_tuned"); most > 0) {
    const double ratio = ratio_of_peaks(row);
    out.push_back({fmt::format("memory <= {:g}x", most), ratio > 0 ? times(ratio) : "", ratio <= most});
  }
  return out;
}

std::vector<std::string> goals_not_met(const json& run) {
  std::vector<std::string> out;
  for (const json& row : run["rows"]) {
    for (const Verdict& v : verdicts_of(row)) {
      if (v.reached.empty() || v.met) continue;
      out.push_back(fmt::format("{}: {}, is {}", row["name"].get<std::string>(), v.goal, v.reached));
    }
  }
  return out;
}

std::vector<std::string> slower_than_pytorch(const json& run) {
  constexpr double kEqual = 1.02;
  std::vector<std::pair<double, std::string>> rows;
  for (const json& row : run["rows"]) {
    const double ratio = row.value("ratio_to_pytorch", 0.0);
    if (ratio > kEqual) rows.emplace_back(ratio, row["name"]);
  }
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<std::string> out;
  for (const auto& [ratio, name] : rows) out.push_back(fmt::format("{}: {}", name, times(ratio)));
  return out;
}

}  // namespace gg::bench
