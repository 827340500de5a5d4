#include "bench/machine.h"

#include <fmt/format.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <fstream>

#include "bench/process.h"
#include "core/isa.h"
#include "cpu/onednn.h"

namespace gg::bench {
namespace {

// What stands behind `key` in the first line of a file that begins with it.
std::string value_in(const char* path, const std::string& key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(key)) return line.substr(key.size());
  }
  return "";
}

std::string date() {
  std::time_t t = std::time(nullptr);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", std::gmtime(&t));
  return text;
}

std::string processor() {
  const std::string line = value_in("/proc/cpuinfo", "model name");
  const size_t colon = line.find(": ");
  return colon == std::string::npos ? "" : line.substr(colon + 2);
}

std::string memory() {
  const double pages = static_cast<double>(sysconf(_SC_PHYS_PAGES));
  return pages > 0 ? fmt::format("{:.1f} GiB", pages * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 30)) : "";
}

std::string system_name() {
  std::string name = value_in("/etc/os-release", "PRETTY_NAME=");
  std::erase(name, '"');
  return name;
}

std::string compiler() {
#if defined(__clang__)
  return __VERSION__;  // begins with its name
#else
  return std::string("g++ ") + __VERSION__;
#endif
}

// Of the sources that this was built from, as they are now. Results that were just measured are no change of them.
std::string commit() {
  const auto root = std::filesystem::path(GG_PEER_TORCH).parent_path().parent_path();
  const auto git = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"git", "--no-optional-locks", "-C", root.string()});
    // Not the repository of a folder around it.
    return output_of(arguments, {{"GIT_CEILING_DIRECTORIES", root.parent_path().string()}});
  };
  const std::string name = git({"rev-parse", "--short", "HEAD"});
  if (name.empty()) return "";
  const std::string changes =
      git({"status", "--porcelain", "--untracked-files=no", "--", ".", ":!bench/results", ":!docs"});
  return name + (changes.empty() ? "" : ", with changes");
}

}  // namespace

std::map<std::string, std::string> machine_facts() {
  const long processors = sysconf(_SC_NPROCESSORS_ONLN);
  std::map<std::string, std::string> facts = {
      {"date", date()},
      {"processor", processor()},
      {"logical CPUs", processors > 0 ? std::to_string(processors) : ""},
      {"memory", memory()},
      {"system", system_name()},
      {"compiler", compiler()},
      {"commit", commit()},
      {"gradgrad", fmt::format("{}, {} kernels", GG_VERSION, cpu::name_of(cpu::isa()))},
      {"oneDNN", cpu::onednn_version().substr(std::string("oneDNN ").size())}};
  std::erase_if(facts, [](const auto& fact) { return fact.second.empty(); });
  return facts;
}

}  // namespace gg::bench
