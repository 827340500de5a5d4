// Which kernels there are (functions marked __global__ in cuda/), and which of them this process has launched on the
// emulator. The program must be linked with ENABLE_EXPORTS, so that addresses have names.
#pragma once

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "cuda/emulator/emulator.h"
#include "tools/kernel_facts.h"

namespace gg::kernels {

/// The functions marked __global__ in a source text.
inline std::set<std::string> in_text(const std::string& text) {
  static const std::regex pattern(tools::kKernelDeclaration);
  static const std::regex any("__global__");
  std::set<std::string> names;
  for (std::sregex_iterator i(text.begin(), text.end(), pattern), end; i != end; ++i) names.insert((*i)[1]);
  const auto count = [&](const std::regex& r) {
    return std::distance(std::sregex_iterator(text.begin(), text.end(), r), std::sregex_iterator());
  };
  EXPECT_EQ(count(any), count(pattern)) << "kernels are called something_kernel; one of these is not:\n" << text;
  return names;
}

/// Those of the library, whose sources are in the folder `root`.
inline std::set<std::string> all_of(const std::string& root) {
  std::set<std::string> all;
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(root + "/cuda")) {
    if (entry.path().extension() != ".cu" && entry.path().extension() != ".cuh") continue;
    std::ifstream file(entry.path());
    std::stringstream text;
    text << file.rdbuf();
    all.merge(in_text(text.str()));
    ++files;
  }
  EXPECT_GE(files, 10);
  EXPECT_GE(all.size(), 8u);
  return all;
}

/// The name behind an address: "softmax_forward_kernel" of "void gg::emulated::softmax_forward_kernel<float, 32>(…)".
inline std::string name_at(const void* address) {
  Dl_info info{};
  if (!dladdr(address, &info) || !info.dli_sname) return "?";
  std::smatch found;
  const std::string demangled = tools::demangled(info.dli_sname);
  return std::regex_search(demangled, found, std::regex("gg::emulated::(\\w+)")) ? found[1].str() : demangled;
}

/// Those of the library that were not launched since the program started, each on a line.
inline std::string never_launched(const std::string& root) {
  std::set<std::string> launched;
  for (const void* address : emulator::launched_kernels()) launched.insert(name_at(address));
  std::string missing;
  for (const std::string& name : all_of(root)) {
    if (!launched.count(name)) missing += name + "\n";
  }
  return missing;
}

}  // namespace gg::kernels
