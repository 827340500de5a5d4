// What tools/kernel_facts.h reads of ptxas and PTX, and what tools/kernel_checks.h finds wrong: with planted faults.
#include "tools/kernel_facts.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "tests/temp_dir.h"
#include "tools/kernel_checks.h"

namespace gg::tools {
namespace {

// As nvcc 13 writes it: gg::cuda::a_kernel<float>(float*) and gg::cuda::b_kernel(int*).
constexpr const char* kA = "_ZN2gg4cuda8a_kernelIfEEvPT_";
constexpr const char* kB = "_ZN2gg4cuda8b_kernelEPi";

std::string log_of(const std::string& kernel, const std::string& spills, const std::string& used) {
  return "ptxas info    : Compiling entry function '" + kernel +
         "' for 'sm_75'\n"
         "ptxas info    : Function properties for " +
         kernel + "\n    0 bytes stack frame, " + spills + "\nptxas info    : Used " + used +
         ", 600 bytes cmem[0], 16 bytes cmem[2]\nptxas info    : Compile time = 13.304 ms\n";
}
const std::string kNoSpills = "0 bytes spill stores, 0 bytes spill loads";

std::string ptx_of(const std::string& kernel, const std::string& body) {
  return "\n.visible .entry " + kernel + "(\n.param .u64 " + kernel +
         "_param_0\n)\n.maxntid 64, 4, 1\n{\n.reg .pred %p<2>;\n" + body + "ret;\n\n}\n";
}
const std::string kHead = "//\n.version 9.0\n.target sm_75\n.address_size 64\n";

/// An object of two kernels with its log, as the build leaves them, with something done to either.
class Objects : public testing::Test {
 protected:
  KernelObject object(const std::string& ptx, const std::string* log) {
    const std::string path = dir / ("kernel" + std::to_string(++made) + ".cu.o");
    std::ofstream(path, std::ios::binary) << std::string(
                                                 "\x7f"
                                                 "ELF\0\1",
                                                 6)
                                          << ptx << std::string("\0rest", 5);
    if (log) std::ofstream(path + ".ptxas") << *log;
    return read_kernel_object(path);
  }
  static std::string only(const std::vector<std::string>& problems) {
    EXPECT_EQ(problems.size(), 1u) << testing::PrintToString(problems);
    return problems.empty() ? std::string() : problems[0];
  }
  const std::string ptx = kHead + ptx_of(kA, "ld.global.f32 %f1, [%rd1];\n") + ptx_of(kB, "");
  const std::string log = "ptxas info    : 0 bytes gmem\n" + log_of(kA, kNoSpills, "28 registers, 64 bytes smem") +
                          log_of(kB, kNoSpills, "255 registers");
  TempDir dir;
  int made = 0;
};

TEST(PtxasLog, IsRead) {
  const auto facts = read_ptxas_log(
      "ptxas info    : 0 bytes gmem\n" +
      log_of(kA, "8 bytes spill stores, 12 bytes spill loads", "71 registers, used 1 barriers, 49216 bytes smem") +
      log_of(kB, kNoSpills, "16 registers"));
  ASSERT_EQ(facts.size(), 2u);
  EXPECT_EQ(facts[0].kernel, kA);
  EXPECT_EQ(facts[0].architecture, "sm_75");
  EXPECT_EQ(facts[0].registers, 71);
  EXPECT_EQ(facts[0].shared_bytes, 49216);
  EXPECT_EQ(facts[0].spill_stores, 8);
  EXPECT_EQ(facts[0].spill_loads, 12);
  EXPECT_EQ(facts[1].registers, 16);
  EXPECT_EQ(facts[1].shared_bytes, 0);
  EXPECT_EQ(facts[1].spill_stores + facts[1].spill_loads, 0);
}

TEST(PtxasLog, SpillsOfCalledFunctionsCountForTheKernel) {
  const auto facts = read_ptxas_log(log_of(kA, kNoSpills, "16 registers") +
                                    "ptxas info    : Function properties for helper\n"
                                    "    24 bytes stack frame, 16 bytes spill stores, 4 bytes spill loads\n");
  ASSERT_EQ(facts.size(), 1u);
  EXPECT_EQ(facts[0].spill_stores, 16);
  EXPECT_EQ(facts[0].stack_bytes, 24);
}

TEST(Ptx, AccessesAreCounted) {
  const auto facts = read_ptx(kHead + ".func (.param .b32 r) helper(\n)\n{\nst.global.v4.f32 [%rd1], {%f1};\n}\n" +
                              ptx_of(kA,
                                     "ld.param.u64 %rd1, [x_param_0];\n"
                                     "ld.global.nc.v4.f32 {%f1,%f2,%f3,%f4}, [%rd1];\n"
                                     "\t@%p1 ld.global.f32 %f5, [%rd1];\n"
                                     "ld.shared.v4.f32 {%f1,%f2,%f3,%f4}, [%r1];\n"
                                     "@!%p1 st.global.v2.b64 [%rd2], {%fd1,%fd2};\n"
                                     "ld.v4.u8 {%rs1,%rs2,%rs3,%rs4}, [%rd1];\n"
                                     "st.local.u32 [%rd2], %r1;\n") +
                              ptx_of(kB, "atom.global.add.f32 %f1, [%rd1], %f2;\n"));
  ASSERT_EQ(facts.size(), 2u);
  EXPECT_EQ(facts[0].kernel, kA);
  EXPECT_EQ(facts[0].max_threads, 256);
  EXPECT_EQ(facts[0].loads, (std::map<int, int>{{4, 2}, {16, 1}}));
  EXPECT_EQ(facts[0].stores, (std::map<int, int>{{16, 1}}));
  EXPECT_FALSE(facts[0].atomics);
  EXPECT_TRUE(facts[1].atomics);
}

TEST(Ptx, IsFoundInObjects) {
  const std::string text = kHead.substr(kHead.find(".version"));
  const std::string bytes = std::string(
                                "\x7f"
                                "ELF.version \0",
                                14) +
                            text + std::string("\0\1\2", 3) + text;
  EXPECT_EQ(ptx_texts(bytes), (std::vector<std::string_view>{text, text}));
  EXPECT_TRUE(ptx_texts("no .version here").empty());
}

TEST(KernelNames, AreTakenApart) {
  const KernelName a = kernel_name(kA);
  EXPECT_EQ(a.function, "a_kernel");
  EXPECT_EQ(a.arguments, std::vector<std::string>{"float"});
  EXPECT_EQ(kernel_name(kB).function, "b_kernel");
  EXPECT_TRUE(kernel_name(kB).arguments.empty());
  // void gg::cuda::c_kernel<gg::cuda::P<double, 2>, (anonymous namespace)::Q>(int)
  const KernelName c = kernel_name("_ZN2gg4cuda8c_kernelINS0_1PIdLi2EEENS_12_GLOBAL__N_11QEEEvi");
  EXPECT_EQ(c.function, "c_kernel");
  EXPECT_EQ(c.arguments, (std::vector<std::string>{"gg::cuda::P<double, 2>", "gg::Q"}));
}

TEST_F(Objects, SoundOnesPass) { EXPECT_EQ(resource_problems({object(ptx, &log)}), std::vector<std::string>{}); }

TEST_F(Objects, ASpillIsFound) {
  const std::string spilling =
      log_of(kA, "0 bytes spill stores, 4 bytes spill loads", "28 registers") + log_of(kB, kNoSpills, "3 registers");
  EXPECT_NE(only(resource_problems({object(ptx, &spilling)})).find("a_kernel<float>(float*) for sm_75 spills"),
            std::string::npos);
}

TEST_F(Objects, TooMuchSharedMemoryIsFound) {
  const auto with = [&](int bytes) {
    const std::string text = log_of(kA, kNoSpills, "28 registers, " + std::to_string(bytes) + " bytes smem") +
                             log_of(kB, kNoSpills, "3 registers");
    return resource_problems({object(ptx, &text)});
  };
  EXPECT_TRUE(with(49152).empty());
  EXPECT_NE(only(with(49153)).find("49153 bytes of static shared memory"), std::string::npos);
}

TEST_F(Objects, AnEmptyLogIsFound) {
  const std::string empty;
  const auto problems = resource_problems({object(ptx, &empty)});
  ASSERT_EQ(problems.size(), 3u);  // either kernel, and that there is none at all
  EXPECT_NE(problems[2].find("no kernel at all"), std::string::npos);
  EXPECT_NE(only(resource_problems({})).find("no kernel at all"), std::string::npos);
}

TEST_F(Objects, AKernelThatTheLogDoesNotNameIsFound) {
  const std::string half = log_of(kA, kNoSpills, "28 registers");
  EXPECT_NE(only(resource_problems({object(ptx, &half)})).find("b_kernel(int*) is not in its log of ptxas for sm_75"),
            std::string::npos);
}

TEST_F(Objects, AnArchitectureThatTheLogLacksIsFound) {
  std::string second = log_of(kA, kNoSpills, "30 registers");
  second.replace(second.find("sm_75"), 5, "sm_90");
  const std::string both = log + second;
  EXPECT_NE(only(resource_problems({object(ptx, &both)})).find("b_kernel(int*) is not in its log of ptxas for sm_90"),
            std::string::npos);
}

TEST_F(Objects, AMissingLogIsFound) {
  const auto problems = resource_problems({object(ptx, &log), object(ptx, nullptr)});
  ASSERT_FALSE(problems.empty());
  EXPECT_NE(problems[0].find("has no log of ptxas"), std::string::npos);
}

TEST_F(Objects, AnOldLogIsFound) {
  const KernelObject sound = object(ptx, &log);
  namespace fs = std::filesystem;
  fs::last_write_time(sound.path + ".ptxas", fs::last_write_time(sound.path) - std::chrono::seconds(5));
  EXPECT_NE(only(resource_problems({read_kernel_object(sound.path)})).find("is newer than its log"), std::string::npos);
}

TEST_F(Objects, ObjectsWithoutReadablePtxAreFound) {
  EXPECT_NE(only(resource_problems({object("compressed", &log)})).find("no readable PTX"), std::string::npos);
}

TEST_F(Objects, ANonexistentObjectIsAnError) {
  EXPECT_THROW(read_kernel_object((dir / "none.cu.o").string()), std::runtime_error);
}

// gg::cuda::elementwise_kernel<gg::Op, float, float>(…)
constexpr const char* kElementwise = "_ZN2gg4cuda18elementwise_kernelINS_2OpEfJfEEEvPv";
// … <gg::Op, unsigned char, float, float>
constexpr const char* kCompare = "_ZN2gg4cuda18elementwise_kernelINS_2OpEhJffEEEvPv";

TEST_F(Objects, ElementwiseKernelsMustMovePacks) {
  const auto check = [&](const char* kernel, const std::string& body) {
    return vector_problems({object(kHead + ptx_of(kernel, body), &log)});
  };
  std::string single;
  for (int i = 0; i < 4; ++i) single += "ld.global.f32 %f1, [%rd1];\nst.global.f32 [%rd1], %f1;\n";
  single += "ld.global.f32 %f1, [%rd1];\n";  // for a whole pack
  const std::string load = "ld.global.nc.v4.f32 {%f1,%f2,%f3,%f4}, [%rd1];\n";
  const std::string store = "st.global.v4.f32 [%rd1], {%f1,%f2,%f3,%f4};\n";
  EXPECT_TRUE(check(kElementwise, single + load + store).empty());
  EXPECT_NE(only(check(kElementwise, single + store)).find("reads 1 inputs of 4 bytes an element, but only 0 in packs"),
            std::string::npos);
  EXPECT_NE(only(check(kElementwise, single + load)).find("has no store of 16 bytes"), std::string::npos);
  // An input that is not read at all needs no packs; two that are need two.
  EXPECT_TRUE(check(kElementwise, store).empty());
  const std::string bytes = "st.global.u32 [%rd1], %r1;\n";
  EXPECT_TRUE(check(kCompare, single + single + load + load + bytes).empty());
  EXPECT_EQ(check(kCompare, single + single + load + bytes).size(), 1u);
  EXPECT_NE(only(check(kA, load)).find("no elementwise kernel"), std::string::npos);
}

}  // namespace
}  // namespace gg::tools
