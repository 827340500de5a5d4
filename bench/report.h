// The table of rows, with what each costs at least on this machine and its goal; and the same as JSON.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "bench/limits.h"

namespace gg::bench {

/// Who was measured: us, or the peer as installed or tuned.
enum class Who { ours, stock, tuned };
inline constexpr Who kEverybody[] = {Who::ours, Who::stock, Who::tuned};
const char* name_of(Who who);

/// Samples of one row, one for each round.
using Samples = std::map<Who, std::vector<double>>;

struct Row {
  std::string name;
  Work work;  ///< as told by whoever measured it
  Samples samples = {};
};

struct Report {
  int threads = 1;
  std::string device = "cpu";
  Limits limits;
  std::map<std::string, std::string> facts;  ///< versions, date, processor
  std::vector<Row> rows = {};                ///< seconds, or MiB for memory

  void add(const std::string& row, Who who, double value, const Work& work = {});
};

/// A table for people.
std::string to_table(const Report& report);
nlohmann::json to_json(const Report& report);

}  // namespace gg::bench
