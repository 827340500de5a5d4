// The rules that keep the sources of gradgrad in order, each checkable by reading one file. tests/house/house_test.cpp
// applies them to the whole repository, and to planted violations.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace gg::house {

struct SourceFile {
  std::string path;  ///< from the repository's root, with slashes
  std::string text;
};

/// What is wrong with a file: one sentence each, beginning with its path; empty if nothing is. `exists` says whether
/// the repository holds a file of that path.
std::vector<std::string> violations(const SourceFile& file, const std::function<bool(const std::string&)>& exists);

/// Files longer than this many lines should be cut by concept …
inline constexpr int kSoftLines = 250;
/// … and longer than this they must.
inline constexpr int kHardLines = 600;

int count_lines(std::string_view text);

}  // namespace gg::house
