// Numbers from elsewhere: the files of tests/golden, each beside the script that made it.
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

namespace gg {

/// tests/golden/<name>.json.
inline nlohmann::json read_golden(const std::string& name) {
  std::ifstream in(GG_SOURCE_DIR "/tests/golden/" + name + ".json");
  return nlohmann::json::parse(in);
}

}  // namespace gg
