// Applies the rules of tests/house/house_rules.h to every source file, and shows on planted violations that each fires.
#include "tests/house/house_rules.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

namespace gg::house {
namespace {

namespace fs = std::filesystem;
const fs::path kRoot = GG_SOURCE_DIR;

// Everything that people wrote: build trees, runs and hidden folders are skipped.
std::vector<SourceFile> repository() {
  static const std::vector<std::string> kinds = {".h",  ".cpp",   ".cu",  ".cuh", ".cc", ".cxx",  ".c",
                                                 ".hh", ".cmake", ".txt", ".md",  ".in", ".json", ""};
  std::vector<SourceFile> files;
  for (auto it = fs::recursive_directory_iterator(kRoot); it != fs::recursive_directory_iterator(); ++it) {
    const std::string name = it->path().filename();
    if (it->is_directory()) {
      if (name[0] == '.' || name.rfind("build", 0) == 0 || name == "runs") it.disable_recursion_pending();
      continue;
    }
    if (name[0] == '.' || std::find(kinds.begin(), kinds.end(), it->path().extension()) == kinds.end()) continue;
    std::ostringstream text;
    text << std::ifstream(it->path(), std::ios::binary).rdbuf();
    files.push_back({fs::relative(it->path(), kRoot).generic_string(), text.str()});
  }
  return files;
}

TEST(House, EveryFileKeepsTheRules) {
  const std::vector<SourceFile> files = repository();
  ASSERT_GT(files.size(), 100u) << "looked in " << kRoot;
  for (const SourceFile& file : files) {
    // Projects of their own, as users write them.
    const bool own_project = file.path.rfind("tests/install/", 0) == 0 || file.path.rfind("tests/out_of_tree_", 0) == 0;
    auto exists = [&](const std::string& path) {
      return fs::exists(kRoot / path) || (own_project && fs::exists(kRoot / fs::path(file.path).parent_path() / path));
    };
    for (const std::string& violation : violations(file, exists)) ADD_FAILURE() << violation;
    if (int lines = count_lines(file.text); lines > kSoftLines && file.path.find(".md") == std::string::npos) {
      std::cout << file.path << " has " << lines << " lines; aim for " << kSoftLines << "\n";
    }
  }
}

TEST(House, TheHouseStands) {
  for (const char* folder : {"core", "cpu", "autograd", "ops", "tests", "docs"}) {
    EXPECT_TRUE(fs::is_directory(kRoot / folder)) << folder;
  }
}

// The one violation of a planted file, or what else came.
std::string verdict(const std::string& path, const std::string& text) {
  auto found = violations({path, text}, [](const std::string& p) { return p.find("missing") == std::string::npos; });
  if (found.size() == 1) return found[0];
  return std::to_string(found.size()) + " violations";
}

const std::string kHeader = "// What it is for.\n#pragma once\n";

TEST(House, GoodFilesPass) {
  EXPECT_EQ(verdict("core/a.h", kHeader + "#include <vector>\n#include \"core/b.h\"\n"), "0 violations");
  EXPECT_EQ(verdict("ops/a.cpp", "#include \"ops/a.h\"\n#include \"autograd/apply.h\"\n#include \"cpu/a.h\"\n"),
            "0 violations");
  EXPECT_EQ(verdict("autograd/functional/a.cpp", "#include \"ops/a.h\"\n"), "0 violations");
  EXPECT_EQ(verdict("apps/digits/main.cpp", "#include \"apps/common/app.h\"\n#include \"models/vae.h\"\n"),
            "0 violations");
  EXPECT_EQ(verdict("train/a.cpp", "#include \"apps/common/app.h\"\n#include \"optim/adam.h\"\n"), "0 violations");
  EXPECT_EQ(verdict("tests/ops/a_test.cpp", "#include \"apps/common/app.h\"\n"), "0 violations");
  EXPECT_EQ(verdict("cuda/softmax.cu", "#include \"cuda/reduce.cuh\"\n"), "0 violations");
}

TEST(House, IncludesGoDownOnly) {
  EXPECT_EQ(verdict("core/a.cpp", "\n#include \"ops/ops.h\"\n"),
            "core/a.cpp: line 2: core must not include ops (\"ops/ops.h\")");
  EXPECT_EQ(verdict("cpu/a.cpp", "#include \"cuda/a.h\"\n"),
            "cpu/a.cpp: line 1: cpu must not include cuda (\"cuda/a.h\")");
  EXPECT_EQ(verdict("autograd/a.cpp", " # include \"autograd/functional/vjp.h\"\n"),
            "autograd/a.cpp: line 1: autograd must not include autograd/functional (\"autograd/functional/vjp.h\")");
  EXPECT_NE(verdict("nn/a.cpp", "#include \"autograd/functional/vjp.h\"\n"), "0 violations");
  EXPECT_NE(verdict("losses/a.cpp", "#include \"optim/sgd.h\"\n"), "0 violations");
  EXPECT_NE(verdict("apps/common/a.cpp", "#include \"apps/digits/a.h\"\n"), "0 violations");
  EXPECT_NE(verdict("apps/common/a.cpp", "#include \"train/a.h\"\n"), "0 violations");
  EXPECT_NE(verdict("models/a.cpp", "#include \"train/a.h\"\n"), "0 violations");
  EXPECT_NE(verdict("train/a.cpp", "#include \"apps/digits/a.h\"\n"), "0 violations");
  EXPECT_NE(verdict("apps/letters/a.cpp", "#include \"apps/digits/a.h\"\n"), "0 violations");
  EXPECT_NE(verdict("ops/a.cpp", "#include \"tests/a.h\"\n"), "0 violations");
}

TEST(House, IncludePathsBeginAtTheRoot) {
  EXPECT_EQ(verdict("core/a.cpp", "#include \"missing.h\"\n"),
            "core/a.cpp: line 1: includes \"missing.h\", which is no file of the repository (paths begin at its root)");
}

TEST(House, KindsOfFiles) {
  EXPECT_EQ(verdict("ops/a.cu", ""), "ops/a.cu: device code belongs in cuda/");
  EXPECT_EQ(verdict("cuda/deep/a.cu", ""), "cuda/deep/a.cu: .cu files stand directly in cuda/");
  EXPECT_NE(verdict("core/a.cc", ""), "0 violations");
  EXPECT_EQ(verdict("core/a.h", "// About.\n"), "core/a.h: a header without #pragma once");
  EXPECT_EQ(verdict("core/a.h", "#pragma once\n// About.\n"),
            "core/a.h: a header opens with a paragraph that says what it is for");
}

TEST(House, LongFilesAndForeignFolders) {
  EXPECT_EQ(verdict("core/a.cpp", std::string(601, '\n')), "core/a.cpp: 601 lines; cut it by concept (limit 600)");
  EXPECT_EQ(verdict("README.md", std::string("see /ho") + "me/me/x\n"),
            std::string("README.md: names a folder of somebody's machine: /ho").append("me/"));
}

}  // namespace
}  // namespace gg::house
