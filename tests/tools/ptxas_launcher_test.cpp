// cmake/keep_ptxas_log.sh around a stand-in for nvcc.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/temp_dir.h"
#include "tools/kernel_facts.h"

namespace gg::tools {
namespace {

class PtxasLauncher : public testing::Test {
 protected:
  /// Runs the launcher on a compiler that executes `script` with $OBJECT set; returns its exit status.
  int compile(const std::string& script) {
    const std::string compiler = (dir / "nvcc").string();
    std::ofstream(compiler) << "OBJECT=" << object << "\n" << script << "\n";
    const std::string command = std::string(GG_SOURCE_DIR) + "/cmake/keep_ptxas_log.sh sh " + compiler +
                                " -c a.cu -o '" + object + "' >" + printed + " 2>&1";
    const int status = std::system(command.c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  bool exists(const std::string& path) const { return std::filesystem::exists(path); }

  TempDir dir;
  const std::string object = (dir / "a.cu.o").string(), log = object + ".ptxas";
  const std::string printed = (dir / "printed").string();
};

TEST_F(PtxasLauncher, KeepsWhatPtxasSaysAndShowsTheRest) {
  ASSERT_EQ(compile("touch $OBJECT\n"
                    "echo \"ptxas info    : Compiling entry function 'k' for 'sm_75'\" >&2\n"
                    "echo '    0 bytes stack frame, 8 bytes spill stores, 8 bytes spill loads' >&2\n"
                    "echo 'a.cu(3): warning #177-D: unused' >&2\n"
                    "echo '    0 bytes that the warning quotes' >&2\n"
                    "echo 'ptxas info    : Used 16 registers' >&2"),
            0);
  const auto facts = read_ptxas_log(read_file(log));
  ASSERT_EQ(facts.size(), 1u);
  EXPECT_EQ(facts[0].spill_stores, 8);
  EXPECT_EQ(facts[0].registers, 16);
  EXPECT_EQ(read_file(printed), "a.cu(3): warning #177-D: unused\n    0 bytes that the warning quotes\n");
  EXPECT_GE(std::filesystem::last_write_time(log), std::filesystem::last_write_time(object));
}

TEST_F(PtxasLauncher, ASourceWithoutKernelsHasALogToo) {
  ASSERT_EQ(compile("touch $OBJECT"), 0);
  EXPECT_TRUE(exists(log));
  EXPECT_EQ(read_file(log), "");
}

TEST_F(PtxasLauncher, AFailureLeavesNoLogOfEarlier) {
  ASSERT_EQ(compile("touch $OBJECT; echo 'ptxas info    : Used 1 registers' >&2"), 0);
  EXPECT_EQ(compile("echo 'a.cu(1): error: no' >&2; exit 3"), 3);
  EXPECT_FALSE(exists(log));
  EXPECT_EQ(read_file(printed), "a.cu(1): error: no\n");
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(dir.path())) files += entry.path() != object;
  EXPECT_EQ(files, 2);  // the compiler and what it printed: nothing is left lying about
}

}  // namespace
}  // namespace gg::tools
