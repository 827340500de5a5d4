// Kernels must be plain CUDA that both compilers read: whatever only nvcc understands stays inside cuda/platform.h.
#include <gtest/gtest.h>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace gg {
namespace {

bool is_word_character(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

/// Whether `line` holds `token`, and not as part of a longer word.
bool holds(const std::string& line, const std::string& token) {
  for (size_t at = line.find(token); at != std::string::npos; at = line.find(token, at + 1)) {
    const size_t end = at + token.size();
    const bool part = is_word_character(token[0]) && ((at > 0 && is_word_character(line[at - 1])) ||
                                                      (end < line.size() && is_word_character(line[end])));
    if (!part) return true;
  }
  return false;
}

/// "line 3: <what>" for every breach in a source text. Comments do not count.
std::vector<std::string> breaches(const std::string& text) {
  static constexpr std::pair<const char*, const char*> kRules[] = {
      {"__shared__", "raw __shared__; use GG_SHARED or GG_DYN_SHARED"},
      {"<<<", "<<<...>>>; use launch"},
      {"asm", "inline assembly"},
      {"__asm__", "inline assembly"},
      {"__CUDA_ARCH__", "__CUDA_ARCH__"},
  };
  std::vector<std::string> found;
  std::istringstream lines(text);
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    line = line.substr(0, line.find("//"));
    for (const auto& [token, what] : kRules) {
      if (holds(line, token)) found.push_back("line " + std::to_string(number) + ": " + what);
    }
  }
  return found;
}

TEST(SourceRules, EachRuleFires) {
  EXPECT_EQ(breaches("__shared__ float a[3];").size(), 1u);
  EXPECT_EQ(breaches("\nkernel<<<1, 2>>>(x);").at(0).rfind("line 2", 0), 0u);
  EXPECT_EQ(breaches("  asm volatile(\"\");").size(), 1u);
  EXPECT_EQ(breaches("#if __CUDA_ARCH__ >= 800").size(), 1u);
  EXPECT_TRUE(breaches("int plasma = asm_count << 3;  // not __shared__").empty());
}

TEST(SourceRules, KernelsKeepThem) {
  namespace fs = std::filesystem;
  const fs::path root = GG_SOURCE_DIR;
  int seen = 0;
  for (const char* folder : {"cuda", "tests"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const fs::path path = entry.path();
      const std::string extension = path.extension().string();
      const bool kernel = extension == ".cu" || extension == ".cuh";
      const bool header = extension == ".h" && std::string(folder) == "cuda";
      if ((!kernel && !header) || path.filename() == "platform.h") continue;
      if (path.parent_path().filename() == "emulator" && header) continue;  // the machine below the rules
      ++seen;
      std::ifstream file(path);
      std::stringstream text;
      text << file.rdbuf();
      for (const std::string& breach : breaches(text.str())) ADD_FAILURE() << path << ", " << breach;
    }
  }
  EXPECT_GE(seen, 8);
}

}  // namespace
}  // namespace gg
