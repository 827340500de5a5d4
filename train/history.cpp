#include "train/history.h"

#include <fmt/format.h>

#include "apps/common/atomic_file.h"

namespace gg::train {

using apps::Json;
using apps::Series;

std::vector<Json> read_json_lines(const std::filesystem::path& path) {
  const std::string text = apps::read_file(path, std::size_t{1} << 30);
  std::vector<Json> lines;
  std::size_t begin = 0;
  for (std::size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    lines.push_back(apps::parse_json(std::string_view(text).substr(begin, end - begin),
                                     fmt::format("{}, line {}", path.string(), lines.size() + 1)));
  }
  return lines;
}

Series history(const std::vector<Json>& lines, const std::string& stage, const std::string& key,
               const std::string& name) {
  // An epoch's last line says how many steps an epoch has.
  double steps_per_epoch = 0;
  for (const Json& line : lines) {
    if (line.value("stage", "") == stage && line.contains("best_epoch")) {
      steps_per_epoch = line.value("stage_step", 0.0) / line.value("epoch", 1.0);
    }
  }
  Series series{.name = name};
  for (const Json& line : lines) {
    if (line.value("stage", "") != stage || !line.contains(key) || !line[key].is_number()) continue;
    series.x.push_back(line.value("stage_step", 0.0) / (steps_per_epoch > 0 ? steps_per_epoch : 1));
    series.y.push_back(line[key]);
  }
  return series;
}

}  // namespace gg::train
