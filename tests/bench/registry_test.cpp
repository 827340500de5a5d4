// Tasks and rows are known by name in several places: tasks in bench/steps.cpp and in the programs of the peers, rows
// in bench/goals.cpp and wherever they are measured. A name that is in one place only would be lost without a word.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include <nlohmann/json.hpp>

#include "bench/goals.h"

namespace gg::bench {
namespace {

std::string source(const std::string& name) {
  std::ifstream file(std::string(GG_SOURCE_DIR) + "/bench/" + name);
  EXPECT_TRUE(file) << name;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// What stands between the names of a table, behind `begin`: by name, up to the next one.
std::map<std::string, std::string> entries(const std::string& text, const std::string& begin, const char* name) {
  const size_t at = text.find(begin);
  EXPECT_NE(at, std::string::npos) << begin;
  const std::string table = at == std::string::npos ? "" : text.substr(at);
  const std::regex pattern(name);
  std::map<std::string, std::string> out;
  for (std::sregex_iterator it(table.begin(), table.end(), pattern), end; it != end;) {
    const std::smatch match = *it++;
    const size_t next = it == end ? table.size() : static_cast<size_t>(it->position());
    const auto behind = static_cast<size_t>(match.position() + match.length());
    out[match[1]] = table.substr(behind, next - behind);
  }
  return out;
}

std::set<std::string> names_of(const std::map<std::string, std::string>& table) {
  std::set<std::string> names;
  for (const auto& [name, rest] : table) names.insert(name);
  return names;
}

std::set<std::string> tasks_but(const std::string& trait) {
  auto tasks = entries(source("steps.cpp"), "tasks() {", R"re(\n +\{"([a-z0-9-]+)",)re");
  std::erase_if(tasks, [&](const auto& task) { return task.second.find(trait) != std::string::npos; });
  EXPECT_GT(tasks.size(), 15u);
  return names_of(tasks);
}

TEST(BenchRegistry, ThePeersHaveTheTasksThatTheyAreAskedFor) {
  const auto libtorch = entries(source("peer_libtorch.cpp"), "tasks() {", R"re(\n +\{"([a-z0-9-]+)",)re");
  EXPECT_EQ(names_of(libtorch), tasks_but(".libtorch = false"));
  const auto pytorch = entries(source("peer_torch.py"), "\nTASKS = {", R"re(\n +"([a-z0-9-]+)":)re");
  EXPECT_EQ(names_of(pytorch), tasks_but(".pytorch = false"));
}

TEST(BenchRegistry, GoalsAreForRowsThatWereMeasured) {
  std::set<std::string> measured;
  const auto run = nlohmann::json::parse(source("results/cpu-1-thread.json"));
  for (const auto& row : run["rows"]) {
    measured.insert(row["name"].get<std::string>());
  }
  for (const std::string& row : known_rows()) EXPECT_TRUE(measured.count(row)) << row;
}

}  // namespace
}  // namespace gg::bench
