// Goals and their verdicts.
#include "bench/verdicts.h"

#include <gtest/gtest.h>

namespace gg::bench {
namespace {

using nlohmann::json;

std::vector<std::string> texts_of(const json& row) {
  std::vector<std::string> out;
  for (const Verdict& v : verdicts_of(row)) out.push_back(v.text());
  return out;
}

json row_with(const char* goal, double bound) {
  return {{"name", "a step"}, {"unit", "ms"}, {"goals", {{goal, bound}}}};
}

TEST(BenchVerdicts, OfEachKindOfGoal) {
  using Texts = std::vector<std::string>;
  json value = row_with("value", 50);
  EXPECT_EQ(texts_of(value), Texts{"<= 50 ms"});  // nothing was measured
  value["gradgrad"] = {{"median", 50.0}};
  EXPECT_EQ(texts_of(value), Texts{"<= 50 ms ✓"});
  value["gradgrad"] = {{"median", 1234.5}};
  EXPECT_EQ(texts_of(value), Texts{"<= 50 ms ✗ (1234 ms)"});

  json ratio = row_with("of_tuned", 0.55);
  EXPECT_EQ(texts_of(ratio), Texts{"<= 0.55x"});
  ratio["ratio_to_tuned"] = 0.589;
  EXPECT_EQ(texts_of(ratio), Texts{"<= 0.55x ✗ (0.589x)"});
  ratio["ratio_to_tuned"] = 0.5;
  EXPECT_EQ(texts_of(ratio), Texts{"<= 0.55x ✓"});

  json limit = row_with("of_limit", 0.8);
  limit["fraction_of_limit"] = 0.782;
  EXPECT_EQ(texts_of(limit), Texts{">= 80 % ✗ (78.2 %)"});
  limit["fraction_of_limit"] = 1.01;
  EXPECT_EQ(texts_of(limit), Texts{">= 80 % ✓"});

  json peak = row_with("peak_of_tuned", 0.35);
  peak["gradgrad"] = {{"median", 1}, {"peak_mib", 40}};
  EXPECT_EQ(texts_of(peak), Texts{"memory <= 0.35x"});
  peak["tuned"] = {{"median", 1}, {"peak_mib", 100}};
  EXPECT_EQ(texts_of(peak), Texts{"memory <= 0.35x ✗ (0.4x)"});
}

TEST(BenchVerdicts, ListWhatWasNotReached) {
  json met = row_with("of_tuned", 0.5), missed = row_with("of_tuned", 0.5), unknown = row_with("of_tuned", 0.5);
  met["ratio_to_tuned"] = 0.4;
  missed["ratio_to_tuned"] = 0.6;
  const json run = {{"rows", {met, missed, unknown}}};
  EXPECT_EQ(goals_not_met(run), std::vector<std::string>{"a step: <= 0.5x, is 0.6x"});
}

TEST(BenchVerdicts, TwoPercentSlowerThanPyTorchIsAsGood) {
  const auto row = [](const char* name, double ratio) { return json{{"name", name}, {"ratio_to_pytorch", ratio}}; };
  const json run = {{"rows", {row("a", 1.02), row("b", 1.1), row("c", 0.3), row("d", 2.5), {{"name", "e"}}}}};
  EXPECT_EQ(slower_than_pytorch(run), (std::vector<std::string>{"d: 2.5x", "b: 1.1x"}));
}

}  // namespace
}  // namespace gg::bench
