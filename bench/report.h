// What was measured, and the same as JSON with all that follows from it: ratios, and what each row costs at least on
// this machine. Tables for people are made of the JSON (page.h).
#pragma once

#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "bench/limits.h"
#include "bench/measure.h"

namespace gg::bench {

/// Who was measured: us, Debian's libtorch as installed and tuned, and the PyTorch of a Python.
enum class Who { ours, stock, tuned, pytorch };
inline constexpr Who kEverybody[] = {Who::ours, Who::stock, Who::tuned, Who::pytorch};
/// "gradgrad", "stock", "tuned", "pytorch".
const char* name_of(Who who);

/// One number for each round.
using Samples = std::map<Who, std::vector<double>>;

struct Row {
  std::string name;
  std::string task;
  Work work;             ///< as told by whoever measured it
  Samples samples = {};  ///< seconds, or MiB for memory
};

struct Report {
  int threads = 1;
  std::string device = "cpu";
  Limits limits;                             ///< the best that was seen
  std::map<std::string, std::string> facts;  ///< versions, date, processor
  std::vector<Row> rows = {};
  std::map<std::string, Samples> peaks = {};  ///< of tasks: the most memory their processes had, MiB

  std::map<std::string, std::vector<Limits>> limits_of = {};  ///< of tasks: measured after each of our processes

  void add_limits(const std::string& task, const Limits& limits);
  void add(const std::string& task, const std::string& row, Who who, double value, const Work& work = {});
};

/// {versions, device, threads, clock, limits, rows: [{name, task, unit, gradgrad: {median, rounds, peak_mib}, …,
/// ratio_to_tuned, …, bytes, flops, least, fraction_of_limit, limits: {flops_per_second, bytes_per_second}, goals}]}.
/// Times are in the row's unit. `least` is at the best limits that were seen; `fraction_of_limit` is the median over
/// our rounds of (flops / flops_per_second + bytes / bytes_per_second) / time, with the row's limits of each round.
nlohmann::json to_json(const Report& report);

}  // namespace gg::bench
