// What metrics.jsonl says of a training, for the plots of the report. Read from the file, so that a resumed run shows
// all of its curve.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "apps/common/json_text.h"
#include "apps/common/plots.h"

namespace gg::train {

/// The whole lines of a .jsonl file, parsed. Throws gg::Error where one is damaged.
std::vector<apps::Json> read_json_lines(const std::filesystem::path& path);

/// The values of `key` in the lines of one stage, over epochs (whole and parts).
apps::Series history(const std::vector<apps::Json>& lines, const std::string& stage, const std::string& key,
                     const std::string& name);

}  // namespace gg::train
