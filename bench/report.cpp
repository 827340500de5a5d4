#include "bench/report.h"

#include <algorithm>

#include "bench/goals.h"

namespace gg::bench {
namespace {

using nlohmann::json;

const char* clock_name(const Report& r) {
  return r.threads == 1 && r.device == "cpu" ? "CPU time of the calling thread" : "wall time";
}

double median_of(const Samples& samples, Who who) {
  auto it = samples.find(who);
  return it == samples.end() ? 0 : median(it->second);
}

// Least time in seconds: arithmetic at the peak, then bytes at the bandwidth. 0: not counted.
double least_seconds(const Work& work, const Limits& limits) {
  double seconds = 0;
  if (work.flops > 0 && limits.fma > 0) seconds += work.flops / limits.fma;
  if (work.bytes > 0 && limits.memory() > 0) seconds += work.bytes / limits.memory();
  return seconds;
}

// What the machine could do when each of our samples was measured: processors that others use, too, change their speed
// within minutes. Where that is not known, the best that was seen.
std::vector<Limits> limits_of(const Report& r, const Row& row) {
  const size_t samples = row.samples.at(Who::ours).size();
  const auto known = r.limits_of.find(row.task);
  if (known != r.limits_of.end() && known->second.size() == samples) return known->second;
  return std::vector<Limits>(samples, r.limits);
}

// The share of the limits that we reach, and those limits, one for each sample: whoever reads the results can divide
// again.
void add_fraction_of_limit(json& out, const Row& row, const Work& work, const std::vector<Limits>& limits) {
  const std::vector<double>& ours = row.samples.at(Who::ours);
  std::vector<double> fractions, arithmetic, memory;
  for (size_t i = 0; i < ours.size(); ++i) {
    fractions.push_back(least_seconds(work, limits[i]) / ours[i]);
    arithmetic.push_back(limits[i].fma);
    memory.push_back(limits[i].memory());
  }
  out["fraction_of_limit"] = median(fractions);
  if (work.flops > 0 && limits[0].fma > 0) out["limits"]["flops_per_second"] = arithmetic;
  if (work.bytes > 0 && limits[0].memory() > 0) out["limits"]["bytes_per_second"] = memory;
}

json goals_json(const Goals& g) {
  json goals = json::object();
  if (g.value > 0) goals["value"] = g.value;
  if (g.of_tuned > 0) goals["of_tuned"] = g.of_tuned;
  if (g.of_limit > 0) goals["of_limit"] = g.of_limit;
  if (g.peak_of_tuned > 0) goals["peak_of_tuned"] = g.peak_of_tuned;
  return goals;
}

json row_json(const Report& r, const Row& measured) {
  const RowFacts facts = facts_of(measured.name, r.device);
  const bool told = measured.work.bytes > 0 || measured.work.flops > 0;
  const Work work = told ? measured.work : facts.work;
  const double unit = scale(facts.unit), ours = median_of(measured.samples, Who::ours) * unit;
  const auto peaks = r.peaks.find(measured.task);

  json row = {{"name", measured.name}, {"task", measured.task}, {"unit", name_of(facts.unit)}};
  for (Who who : kEverybody) {
    const double value = median_of(measured.samples, who) * unit;
    if (value <= 0) continue;
    json rounds = json::array();
    for (double x : measured.samples.at(who)) rounds.push_back(x * unit);
    row[name_of(who)] = {{"median", value}, {"rounds", rounds}};
    if (peaks != r.peaks.end()) row[name_of(who)]["peak_mib"] = median_of(peaks->second, who);
    if (who != Who::ours && ours > 0) row[std::string("ratio_to_") + name_of(who)] = ours / value;
  }
  if (work.bytes > 0) row["bytes"] = work.bytes;
  if (work.flops > 0) row["flops"] = work.flops;
  if (const double least = least_seconds(work, r.limits) * unit; least > 0) {
    row["least"] = least;
    if (ours > 0) add_fraction_of_limit(row, measured, work, limits_of(r, measured));
  }
  if (json goals = goals_json(facts.goals); !goals.empty()) row["goals"] = goals;
  return row;
}

}  // namespace

const char* name_of(Who who) {
  constexpr const char* names[] = {"gradgrad", "stock", "tuned", "pytorch"};
  return names[static_cast<int>(who)];
}

void Report::add_limits(const std::string& task, const Limits& seen) {
  limits_of[task].push_back(seen);
  limits.fma = std::max(limits.fma, seen.fma);
  limits.copy = std::max(limits.copy, seen.copy);
  limits.triad = std::max(limits.triad, seen.triad);
  limits.update = std::max(limits.update, seen.update);
}

void Report::add(const std::string& task, const std::string& name, Who who, double value, const Work& work) {
  for (Row& row : rows) {
    if (row.name == name) {
      row.samples[who].push_back(value);
      return;
    }
  }
  rows.push_back({name, task, work, {{who, {value}}}});
}

json to_json(const Report& r) {
  json rows = json::array();
  for (const Row& row : r.rows) rows.push_back(row_json(r, row));
  return {{"versions", r.facts},
          {"device", r.device},
          {"threads", r.threads},
          {"clock", clock_name(r)},
          {"limits",
           {{"isa", r.limits.isa},
            {"fma_flops_per_second", r.limits.fma},
            {"copy_bytes_per_second", r.limits.copy},
            {"triad_bytes_per_second", r.limits.triad},
            {"update_bytes_per_second", r.limits.update}}},
          {"rows", rows}};
}

}  // namespace gg::bench
