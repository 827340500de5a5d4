#include "tests/house/house_rules.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>

namespace gg::house {
namespace {

bool starts_with(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

bool is_cpp(const std::string& extension) {
  static const std::set<std::string> kinds = {".h", ".cpp", ".cu", ".cuh"};
  return kinds.count(extension) > 0;
}

// The floor of the house that a path is on: includes go to lower floors, or stay in the room. Rooms of one floor do not
// include each other.
struct Place {
  std::string room;
  int floor;
};

Place place_of(const std::string& path) {
  if (starts_with(path, "autograd/functional/")) return {"autograd/functional", 4};
  if (starts_with(path, "apps/common/")) return {"apps/common", 6};
  static const std::map<std::string, int> floors = {{"core", 0},   {"cpu", 1},   {"cuda", 1},    {"autograd", 2},
                                                    {"ops", 3},    {"nn", 4},    {"optim", 5},   {"losses", 5},
                                                    {"models", 5}, {"data", 5},  {"metrics", 5}, {"train", 7},
                                                    {"apps", 8},   {"bench", 9}, {"tools", 10}};
  std::string room = path.substr(0, path.find('/'));
  auto found = floors.find(room);
  if (found == floors.end()) return {room, 11};  // tests stand on everything
  if (room == "apps") room = path.substr(0, path.find('/', 5));
  return {room, found->second};
}

// What stands between the quotes of #include "…".
std::string quoted_include(const std::string& line) {
  size_t hash = line.find_first_not_of(" \t");
  if (hash == std::string::npos || line[hash] != '#') return {};
  size_t word = line.find_first_not_of(" \t", hash + 1);
  if (word == std::string::npos || line.compare(word, 7, "include") != 0) return {};
  size_t open = line.find('"', word + 7);
  size_t close = open == std::string::npos ? open : line.find('"', open + 1);
  return close == std::string::npos ? std::string() : line.substr(open + 1, close - open - 1);
}

}  // namespace

int count_lines(std::string_view text) { return static_cast<int>(std::count(text.begin(), text.end(), '\n')); }

std::vector<std::string> violations(const SourceFile& file, const std::function<bool(const std::string&)>& exists) {
  std::vector<std::string> found;
  auto say = [&](auto&&... parts) {
    std::ostringstream out;
    out << file.path << ": ";
    (out << ... << parts);
    found.push_back(out.str());
  };

  // No folder of one person's machine. The pieces keep this file from finding itself.
  for (std::string folder : {"/home"
                             "/",
                             "/root"
                             "/",
                             "/Users"
                             "/",
                             "/work"
                             "/",
                             "../"
                             "shared"}) {
    if (file.text.find(folder) != std::string::npos) say("names a folder of somebody's machine: ", folder);
  }

  const std::string extension = std::filesystem::path(file.path).extension();
  static const std::set<std::string> foreign = {".cc", ".cxx", ".c", ".hh", ".hpp", ".hxx"};
  if (foreign.count(extension)) say("C++ files end in .h or .cpp, device code in .cu or .cuh");
  if (!is_cpp(extension)) return found;

  const bool device_code = extension == ".cu" || extension == ".cuh";
  const bool in_tests = starts_with(file.path, "tests/");
  if (device_code && !in_tests) {
    if (!starts_with(file.path, "cuda/")) say("device code belongs in cuda/");
    if (extension == ".cu" && file.path.find('/', 5) != std::string::npos) say(".cu files stand directly in cuda/");
  }
  if (extension == ".h" || extension == ".cuh") {
    if (file.text.find("#pragma once\n") == std::string::npos) say("a header without #pragma once");
    if (!starts_with(file.text, "//")) say("a header opens with a paragraph that says what it is for");
  }
  if (int lines = count_lines(file.text); lines > kHardLines) {
    say(lines, " lines; cut it by concept (limit ", kHardLines, ")");
  }

  const Place here = place_of(file.path);
  std::istringstream in(file.text);
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    const std::string target = quoted_include(line);
    if (target.empty()) continue;
    if (!exists(target)) {
      say("line ", number, ": includes \"", target, "\", which is no file of the repository (paths begin at its root)");
      continue;
    }
    if (target.find('/') == std::string::npos) continue;  // beside it, in a project of its own
    const Place there = place_of(target);
    if (there.room != here.room && there.floor >= here.floor) {
      say("line ", number, ": ", here.room, " must not include ", there.room, " (\"", target, "\")");
    }
  }
  return found;
}

}  // namespace gg::house
