// What the benchmark makes of its measurements: ratios, shares of the limits, tables; and that docs/performance.md is
// the page of the results that are kept.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "bench/goals.h"
#include "bench/page.h"
#include "bench/report.h"
#include "tests/errors.h"

namespace gg::bench {
namespace {

using nlohmann::json;

Report measured() {
  Report report;
  report.limits = {.fma = 1e11, .copy = 1e10, .triad = 2e10, .isa = "avx512"};
  report.facts["date"] = "today";
  for (double seconds : {0.9, 0.1, 0.2}) report.add("adamw1", "AdamW 50M, 1 tensor", Who::ours, seconds);
  for (double seconds : {0.5, 0.4}) report.add("adamw1", "AdamW 50M, 1 tensor", Who::tuned, seconds);
  report.add("adamw1", "AdamW 50M, 1 tensor", Who::pytorch, 0.1);
  report.peaks["adamw1"] = {{Who::ours, {800}}, {Who::tuned, {1600}}};
  report.add("families", "gather", Who::ours, 0.5, {.bytes = 1e9});
  report.add("ops", "mul: recorded", Who::ours, 2e-7);
  return report;
}

json row_of(const json& run, const std::string& name) {
  for (const json& row : run["rows"]) {
    if (row["name"] == name) return row;
  }
  return {};
}

TEST(BenchReport, TakesMediansAndRatios) {
  const json row = row_of(to_json(measured()), "AdamW 50M, 1 tensor");
  EXPECT_DOUBLE_EQ(row["gradgrad"]["median"], 200);  // milliseconds
  EXPECT_EQ(row["gradgrad"]["rounds"].size(), 3u);
  EXPECT_DOUBLE_EQ(row["tuned"]["median"], 450);
  EXPECT_DOUBLE_EQ(row["ratio_to_tuned"], 200. / 450);
  EXPECT_DOUBLE_EQ(row["ratio_to_pytorch"], 2);
  EXPECT_FALSE(row.contains("ratio_to_stock"));
  EXPECT_DOUBLE_EQ(row["gradgrad"]["peak_mib"], 800);
  EXPECT_DOUBLE_EQ(row["goals"]["of_tuned"], 0.5);
}

TEST(BenchReport, ComparesEachRoundWithTheLimitsOfItsMinutes) {
  Report report = measured();
  for (double triad : {2e10, 2e10, 7e10}) report.add_limits("adamw1", {.fma = 5e10, .triad = triad});
  const json run = to_json(report);
  EXPECT_DOUBLE_EQ(row_of(run, "AdamW 50M, 1 tensor")["fraction_of_limit"], 0.02 / 0.2);  // of 0.07/0.9, 0.07/0.1
  EXPECT_DOUBLE_EQ(run["limits"]["triad_bytes_per_second"], 7e10);                        // the best
  EXPECT_DOUBLE_EQ(run["limits"]["fma_flops_per_second"], 1e11);
  const json expected = {{"bytes_per_second", {2e10, 2e10, 7e10}}};
  EXPECT_EQ(row_of(run, "AdamW 50M, 1 tensor")["limits"], expected);
}

// What report.h says of fraction_of_limit, from nothing but the JSON.
double recomputed(const json& row) {
  const double second = row["unit"] == "ms" ? 1e3 : row["unit"] == "us" ? 1e6 : 1e9;
  const json& limits = row["limits"];
  std::vector<double> fractions;
  for (size_t i = 0; i < row["gradgrad"]["rounds"].size(); ++i) {
    double least = 0;
    if (row.contains("flops")) least += row["flops"].get<double>() / limits["flops_per_second"][i].get<double>();
    if (row.contains("bytes")) least += row["bytes"].get<double>() / limits["bytes_per_second"][i].get<double>();
    fractions.push_back(second * least / row["gradgrad"]["rounds"][i].get<double>());
  }
  return median(fractions);
}

TEST(BenchReport, ShareOfTheLimitsCanBeComputedFromTheJson) {
  Report report = measured();
  for (double seconds : {0.006, 0.005}) report.add("mlp", "MLP step", Who::ours, seconds);
  for (double fma : {1e11, 1.2e11}) report.add_limits("mlp", {.fma = fma, .copy = 2e10, .update = 3e10});
  const json run = to_json(report);
  for (const char* name : {"MLP step", "AdamW 50M, 1 tensor", "gather"}) {
    const json row = row_of(run, name);
    EXPECT_NEAR(row["fraction_of_limit"], recomputed(row), 1e-9) << name;
  }
  EXPECT_EQ(row_of(run, "MLP step")["limits"]["flops_per_second"], json({1e11, 1.2e11}));
}

TEST(BenchReport, MemoryIsAsFastAsItsFastestUse) {
  Report report = measured();
  report.limits.update = 4e10;
  EXPECT_DOUBLE_EQ(row_of(to_json(report), "AdamW 50M, 1 tensor")["least"], 1e3 * 28 * 50e6 / 4e10);
}

TEST(BenchReport, ComparesWithTheLimits) {
  const json run = to_json(measured());
  const json adamw = row_of(run, "AdamW 50M, 1 tensor");  // 28 bytes for each number, at the triad's speed
  EXPECT_DOUBLE_EQ(adamw["least"], 1e3 * 28 * 50e6 / 2e10);
  EXPECT_DOUBLE_EQ(adamw["fraction_of_limit"], 0.07 / 0.2);
  EXPECT_DOUBLE_EQ(row_of(run, "gather")["fraction_of_limit"], 0.1);  // what the row told
  EXPECT_FALSE(row_of(run, "mul: recorded").contains("least"));
  EXPECT_EQ(row_of(run, "mul: recorded")["unit"], "ns");
  EXPECT_DOUBLE_EQ(row_of(run, "mul: recorded")["gradgrad"]["median"], 200);
}

TEST(BenchReport, HasNoGoalsForDevices) {
  Report report = measured();
  report.device = "cuda";
  EXPECT_FALSE(row_of(to_json(report), "AdamW 50M, 1 tensor").contains("goals"));
}

TEST(BenchReport, PrintsColumnsThatSaySomething) {
  const std::string table = to_table(to_json(measured()));
  for (const char* part :
       {"AdamW 50M, 1 tensor", "0.44", "35.0 %", "7.0 GB/s", "2.0 GB/s", "<= 0.5x ✓, >= 80 % ✗ (35.0 %)",
        "<= 150 ns ✗ (200 ns), <= 0.12x\n", "100 GFLOP/s FMA (avx512)", "CPU time"}) {
    EXPECT_HAS(table, part);
  }
  EXPECT_HAS_NOT(table, "stock");
}

TEST(BenchReport, MakesAPage) {
  const std::string page = to_page({to_json(measured())});
  EXPECT_HAS(page, "## 1 thread\n");
  EXPECT_HAS(page, "- date: today\n");
  EXPECT_HAS(page, "### Large operations of each family\n");
  EXPECT_HAS(page, "| AdamW 50M, 1 tensor | ms | 200 ±200 % |");
  EXPECT_HAS(page, "### Goals not met\n\n- AdamW 50M, 1 tensor: >= 80 %, is 35.0 %\n- mul: recorded: <= 150 ns");
  EXPECT_HAS(page, "### Slower than PyTorch\n\n- AdamW 50M, 1 tensor: 2x\n");
  EXPECT_HAS(page, "| gather | ms | 500 | 2.0 GB/s | 10.0 % |");
}

TEST(BenchReport, ThePageShowsSpreadOnlyWhereItIsMuch) {
  Report report;
  for (double seconds : {0.100, 0.104, 0.109}) report.add("vae", "VAE step", Who::ours, seconds);
  for (double seconds : {0.100, 0.104, 0.111}) report.add("vae", "VAE step", Who::pytorch, seconds);
  EXPECT_HAS(to_page({to_json(report)}), "| VAE step | ms | 104 | 104 ±5 % |");
}

TEST(BenchReport, ThePageInTheDocsIsOfTheResultsThatAreKept) {
  const std::string root = GG_SOURCE_DIR;
  std::vector<json> runs;
  for (const char* name : {"cpu-1-thread.json", "cpu-2-threads.json"}) {
    std::ifstream file(root + "/bench/results/" + name);
    ASSERT_TRUE(file) << name;
    runs.push_back(json::parse(file));
  }
  std::ifstream file(root + "/docs/performance.md");
  std::ostringstream page;
  page << file.rdbuf();
  EXPECT_EQ(page.str(), to_page(runs)) << "make it anew: ./run bench --page docs/performance.md "
                                          "bench/results/cpu-1-thread.json bench/results/cpu-2-threads.json";
}

}  // namespace
}  // namespace gg::bench
