// ./run gpu-check: its errors, and a whole check with stand-ins for the GPU and for everything that takes time.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "tests/temp_dir.h"

namespace gg {
namespace {

namespace fs = std::filesystem;

/// A checkout with nothing but `run`, and a PATH on which the stand-ins come first.
class GpuCheck : public testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(root);
    fs::create_directories(root / "bin");
    fs::create_directories(root / "build/cuda/bin");
    fs::copy_file(fs::path(GG_SOURCE_DIR) / "run", root / "run");
    spill(root / "build/cuda/build.ninja", "");
    spill(root / "build/cuda/CMakeCache.txt", "GG_BUILD_TESTS:BOOL=ON\nGG_CUDA_ARCHITECTURES:STRING=75\n");
    stand_in("bin/dpkg-query", "printf installed");
    stand_in("bin/nvcc", "echo 'Cuda compilation tools, release 13.0, V13.0.88'");
    stand_in("bin/nvidia-smi", "echo 'NVIDIA H100 80GB HBM3, 9.0, 580.65.06'; echo 'NVIDIA T4, 7.5, 580.65.06'");
    stand_in("bin/cmake", "echo \"cmake $*\" >>" + (root / "calls").string());
    stand_in("bin/ctest", "echo '1/2 Test #1: a ...... Passed 0.1 sec'; echo '100% tests passed'");
    stand_in("bin/python3", "exit 1");
    stand_in("build/cuda/bin/gg_bench", "echo \"benchmark $*\"");
  }
  void stand_in(const std::string& name, const std::string& script) {
    spill(root / name, "#!/bin/sh\n" + script + "\n");
    fs::permissions(root / name, fs::perms::owner_all);
  }
  /// Runs it; `said` is what it printed.
  int check(const std::string& environment = "", const std::string& options = "") {
    const std::string command = "PATH='" + (root / "bin").string() + "':/usr/bin:/bin CUDA_PATH=/nowhere " +
                                environment + " bash '" + (root / "run").string() + "' gpu-check " + options + " >'" +
                                (root / "said").string() + "' 2>&1";
    const int status = std::system(command.c_str());
    said = slurp(root / "said");
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  /// The one report that was written; empty if none was.
  std::string report() const {
    std::string text;
    if (!fs::exists(root / "build/gpu-check")) return text;
    for (const auto& entry : fs::directory_iterator(root / "build/gpu-check")) {
      if (entry.path().extension() != ".md") continue;
      EXPECT_TRUE(text.empty());
      EXPECT_NE(entry.path().filename().string().find("-nvidia-h100-80gb-hbm3.md"), std::string::npos) << entry.path();
      text = slurp(entry.path());
    }
    return text;
  }

  const fs::path root =
      fs::path(GG_BINARY_DIR) / "gpu_check" / testing::UnitTest::GetInstance()->current_test_info()->name();
  std::string said;
};

TEST_F(GpuCheck, WithoutNvccSaysSoInOneLine) {
  fs::remove(root / "bin/nvcc");
  EXPECT_EQ(check(), 1);
  EXPECT_EQ(said, "run: gpu-check: no nvcc here; install the CUDA toolkit, put nvcc on the PATH or set CUDA_PATH\n");
}

TEST_F(GpuCheck, WithoutGpuSaysSoInOneLine) {
  const std::string expected =
      "run: gpu-check: no GPU here, nvidia-smi names none; it needs an NVIDIA GPU with its driver\n";
  stand_in("bin/nvidia-smi", "echo 'NVIDIA-SMI has failed because it could not communicate with the driver'; exit 9");
  EXPECT_EQ(check(), 1);
  EXPECT_EQ(said, expected);
  stand_in("bin/nvidia-smi", "echo 'No devices were found'");
  EXPECT_EQ(check(), 1);
  EXPECT_EQ(said, expected);
  EXPECT_NE(check("GG_NVIDIA_SMI=/nowhere/nvidia-smi"), 0);
  EXPECT_EQ(report(), "");
}

TEST_F(GpuCheck, WritesOneReport) {
  EXPECT_EQ(check(), 0) << said;
  const std::string text = report();
  for (const char* part :
       {"# gradgrad on NVIDIA H100 80GB HBM3\n", "- compute capability: 9.0\n", "- driver: 580.65.06\n",
        "- nvcc: 13.0, V13.0.88\n", "## Tests on the GPU: passed\n\n```text\n100% tests passed\n```\n",
        "## All other tests: passed", "benchmark --device cuda\n", "no torch that sees the GPU"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " is not in\n" << text;
  }
  // The tree was made for another GPU.
  EXPECT_NE(slurp(root / "calls").find("cmake -DGG_CUDA_ARCHITECTURES=90 "), std::string::npos);
}

TEST_F(GpuCheck, ChecksWhatAnotherMachineBuilt) {
  fs::remove(root / "bin/nvcc");
  stand_in("bin/ctest", "echo \"ctest $*\"");
  EXPECT_EQ(check("", "--built"), 0) << said;
  const std::string text = report();
  EXPECT_NE(text.find("-LE cuda|outside|docs|nvcc\n"), std::string::npos) << text;  // those build programs
  EXPECT_EQ(text.find("- nvcc"), std::string::npos) << text;
  EXPECT_FALSE(fs::exists(root / "calls"));
  fs::remove(root / "build/cuda/bin/gg_bench");
  EXPECT_EQ(check("", "--built"), 1);
  EXPECT_EQ(said, "run: gpu-check --built: no programs in build/cuda; build preset cuda with tests\n");
  EXPECT_EQ(check("", "--fast"), 1);
  EXPECT_NE(said.find("the only one is --built"), std::string::npos) << said;
}

TEST_F(GpuCheck, ComparesWithPyTorchWhereItIs) {
  stand_in("bin/python3", "exit 0");
  EXPECT_EQ(check(), 0) << said;
  EXPECT_NE(report().find("benchmark --device cuda --pytorch python3\n"), std::string::npos) << report();
}

TEST_F(GpuCheck, AFailureIsInTheReportAndInTheExitStatus) {
  stand_in("bin/ctest", "echo '1 tests failed out of 2'; exit 8");
  EXPECT_EQ(check(), 1);
  EXPECT_NE(report().find("## Tests on the GPU: FAILED, exit status 8\n\n```text\n1 tests failed"), std::string::npos)
      << report();
  EXPECT_NE(report().find("benchmark --device cuda"), std::string::npos);  // the rest is done all the same
}

}  // namespace
}  // namespace gg
