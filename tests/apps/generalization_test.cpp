// The app `generalization` as a whole program on tiny data: it ends with a report, goes on where it was stopped, and
// tells mistakes.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <sstream>

#include "apps/common/json_text.h"
#include "tests/apps/autoencoders.h"

namespace gg::apps {
namespace {

class Generalization : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directory(dir_ / "data");
    write_images(dir_ / "data", "train", 600);
    write_images(dir_ / "data", "t10k", 60);
  }
  std::string at(const std::string& name) const { return (dir_ / name).string(); }
  static Outcome run(const Words& words, const std::function<void(pid_t)>& meanwhile = {}) {
    return run_program(GG_GENERALIZATION, words, meanwhile);
  }
  Words noise(const std::string& out, const Words& more = {}) const {
    Words words = {"noise",    "--out",       at(out),
                   "--quick",  "--data-sets", "two-moons,fashion-mnist",
                   "--steps",  "20",          "--data",
                   at("data"), "--hidden",    "16",
                   "--batch",  "16",          "--fashion-labels",
                   "20",       "--threads",   "1"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  void expect_error(const Words& words, int code, const std::string& part) const {
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, code);
    EXPECT_HAS(outcome.err, part);
    EXPECT_TRUE(outcome.err.starts_with("error: ")) << outcome.err;
  }
  TempDir dir_;
};

TEST_F(Generalization, NoiseEndsWithAReport) {
  const Outcome outcome = run(noise("run"));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_HAS(outcome.out, at("run/report.html"));
  const Json summary = parse_json(slurp(at("run/summary.json")), "summary.json");
  for (const char* set : {"two-moons", "fashion-mnist"}) {
    ASSERT_TRUE(summary.contains(set));
    const Json& score = summary[set]["no noise"];
    EXPECT_EQ(score["test_accuracy"]["n"], 2);
    EXPECT_GT(score["test_accuracy"]["mean"], 0.2);
    EXPECT_EQ(score["difference"]["mean"], 0);
  }
  const std::string page = slurp(at("run/report.html"));
  for (const char* part : {"Two moons", "data:image/png;base64", "difference in pairs"}) EXPECT_HAS(page, part);
}

TEST_F(Generalization, TheLabelFreeTermIsRecordedBesideTheLabelledOne) {
  const Outcome outcome = run({"noise", "--quick", "--data-sets", "two-moons", "--kinds", "label-free", "--sigmas",
                               "0.2", "--threads", "1", "--out", at("run")});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  std::istringstream lines(slurp(at("run/metrics.jsonl")));
  int seen = 0;
  for (std::string text; std::getline(lines, text);) {
    const Json line = parse_json(text, "metrics.jsonl");
    if (!line.contains("method") || !line["method"].get<std::string>().starts_with("label-free term")) continue;
    ++seen;
    const auto labelled = line["curves"]["l(f(x), y)"].get<std::vector<double>>();
    const auto free = line["curves"]["l(f(x+ε), f(x))"].get<std::vector<double>>();
    const auto loss = line["curves"]["loss"].get<std::vector<double>>();
    ASSERT_EQ(labelled.size(), 100u);
    ASSERT_EQ(free.size(), 100u);
    for (std::size_t i = 0; i < 100; ++i) EXPECT_NEAR(labelled[i] + free[i], loss[i], 1e-5 * loss[i]);
    EXPECT_LT(labelled.back(), 0.5 * labelled.front());  // learned by heart
    EXPECT_GT(free.back(), free.front());                // no opinions yet, none to change
  }
  EXPECT_EQ(seen, 2);
  EXPECT_GT(fs::file_size(at("run/figures/terms_two-moons.svg")), 1000u);
}

TEST_F(Generalization, PenaltiesDoWhatTheNoiseTheyStandForDoes) {
  const Outcome outcome = run({"penalty", "--quick", "--data-sets", "two-moons", "--threads", "1", "--mse-sigmas",
                               "0.05", "--sigmas", "0.1", "--draws", "40", "--out", at("run")});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json summary = parse_json(slurp(at("run/summary.json")), "summary.json");
  const Json& trace = summary["two-moons_trace"];
  const double none = trace["no penalty"];
  for (const char* form : {"KL", "squared"}) {
    const std::string sigma = std::string(form) == "KL" ? ", σ 0.1" : ", σ 0.05";
    const auto left = [&](const char* way) { return trace[form + (", " + (way + sigma))].get<double>(); };
    EXPECT_LT(left("exact penalty"), 0.9 * none) << form;
    EXPECT_NEAR(left("noise") / left("exact penalty"), 1, 0.15) << form;
    EXPECT_NEAR(left("one projection") / left("exact penalty"), 1, 0.15) << form;
  }
  const Json& time = summary["equal_time"];
  EXPECT_EQ(time["exact penalty"]["error"], 0);
  for (const char* way : {"one projection", "four projections"}) {  // unbiased
    EXPECT_LT(time[way]["off"], 2.5 * time[way]["error_of_mean"].get<double>()) << way;
  }
  EXPECT_LT(time["four projections"]["error"], 0.7 * time["one projection"]["error"].get<double>());
}

TEST_F(Generalization, TheExactLaplacianRunsAwayWithoutItsGuard) {
  const Outcome outcome =
      run({"laplacian", "--quick", "--data-sets", "two-moons", "--threads", "1", "--draws", "40", "--out", at("run")});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json summary = parse_json(slurp(at("run/summary.json")), "summary.json");
  double lowest = 0, lowest_guarded = 0;
  std::istringstream lines(slurp(at("run/metrics.jsonl")));
  for (std::string text; std::getline(lines, text);) {
    const Json line = parse_json(text, "metrics.jsonl");
    for (const Json& loss : line["curves"]["loss"]) {
      if (line["method"] == "exact, no guard, σ 1") lowest = std::min(lowest, loss.get<double>());
      if (line["method"] == "exact Laplacian, σ 1") lowest_guarded = std::min(lowest_guarded, loss.get<double>());
    }
  }
  EXPECT_LT(lowest, -0.5);
  EXPECT_EQ(lowest_guarded, 0);
  const Json& variance = summary["variance"];
  EXPECT_LT(variance["Hutchinson, one probe"]["off"],
            2.5 * variance["Hutchinson, one probe"]["error_of_mean"].get<double>());
  // Counted: one sampled label costs a fraction of the exact forms.
  const Json& cost = summary["cost"];
  EXPECT_LT(cost["Fisher, one sampled label"]["multiply_adds"],
            0.5 * cost["Fisher form"]["multiply_adds"].get<double>());
  EXPECT_GT(cost["exact Laplacian"]["multiply_adds"], 5 * cost["Hutchinson, one probe"]["multiply_adds"].get<double>());
}

TEST_F(Generalization, EveryFormulaOfTheTheoryHolds) {
  for (const char* seed : {"0", "1", "2"}) {
    const Outcome outcome = run({"theory", "--quick", "--out", at(seed), "--seed", seed, "--threads", "1"});
    EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
    const Json summary = parse_json(slurp(at(std::string(seed) + "/summary.json")), "summary.json");
    EXPECT_EQ(summary["failed"], 0);
    EXPECT_GE(summary["claims"], 45);
    for (const char* row : {"A4", "A5", "A7", "A8", "A10", "A12", "A13", "A14", "A15", "A19", "A20", "A21"}) {
      EXPECT_HAS(outcome.out, std::string("  ") + row + " ");
    }
  }
}

TEST_F(Generalization, TheSeedDecidesAndThreadsDoNot) {
  ASSERT_EQ(run(noise("a")).code, 0);
  Words two = noise("b");
  two.back() = "2";
  ASSERT_EQ(run(two).code, 0);
  ASSERT_EQ(run(noise("c", {"--seed", "1"})).code, 0);
  const std::string lines = slurp(at("a/metrics.jsonl"));
  EXPECT_EQ(slurp(at("b/metrics.jsonl")), lines);
  EXPECT_NE(slurp(at("c/metrics.jsonl")), lines);
}

TEST_F(Generalization, StoppedItGoesOnWhereItWas) {
  ASSERT_EQ(run(noise("whole", {"--steps", "60"})).code, 2) << "--steps stands there twice";
  Words words = noise("whole");
  words[7] = "60";
  ASSERT_EQ(run(words).code, 0);
  const std::string whole = slurp(at("whole/metrics.jsonl")), summary = slurp(at("whole/summary.json"));
  int stopped = 0;
  for (const int signal : {SIGINT, SIGKILL}) {
    for (const std::size_t part : {0U, 2U}) {
      const std::string name = std::to_string(signal) + "-" + std::to_string(part);
      words[2] = at(name);
      const Outcome first = run(words, [&](pid_t child) {
        for (int i = 0; i < 100000 && slurp(at(name + "/metrics.jsonl")).size() < whole.size() * part / 4 + 1; ++i) {
          ::usleep(200);
        }
        ::kill(child, signal);
      });
      stopped += first.code != 0;
      if (first.code != 0) {
        EXPECT_EQ(first.code, signal == SIGINT ? 130 : 1000 + SIGKILL) << first.err;
        const Outcome again = run({"noise", "--resume", at(name)});
        ASSERT_EQ(again.code, 0) << again.err;
      }
      EXPECT_EQ(slurp(at(name + "/metrics.jsonl")), whole);
      EXPECT_EQ(slurp(at(name + "/summary.json")), summary);
    }
  }
  EXPECT_GT(stopped, 2);  // else nothing was tested
}

TEST_F(Generalization, MistakesAreTold) {
  expect_error(noise("run", {"--moons-label", "3"}), 2, "Did you mean --moons-labels?");
  expect_error({"noise", "--out", at("run"), "--data-sets", "digits,moons"}, 2, "two-moons");
  expect_error({"noise", "--out", at("run"), "--data-sets", "digits,digits", "--data", at("d.csv")}, 1, "d.csv");
  expect_error({"noise", "--out", at("run"), "--data-sets", "two-moons,two-moons"}, 1, "twice");
  spill(dir_ / "d.csv", "1,2,3\n");
  expect_error({"noise", "--out", at("run"), "--data-sets", "digits", "--data", at("d.csv")}, 1,
               "64 pixels and a label");
  expect_error(
      {"noise", "--out", at("run"), "--data-sets", "fashion-mnist", "--data", at("data"), "--fashion-labels", "590"}, 1,
      "ask for fewer labels");
  for (const char* list : {"--sigmas", "--data-sets", "--kinds", "--samples"}) {
    expect_error({"noise", "--out", at("run"), list, ""}, 2, std::string(list) + ": expected a list");
  }
  expect_error({"vat", "--out", at("run"), "--epsilons", "0"}, 2, "above 0");
  expect_error({"vat-text", "--out", at("run"), "--data", at("d.csv")}, 1, "text<TAB>label");
  EXPECT_FALSE(fs::exists(at("run"))) << "a mistake found at once leaves no folder";
}

}  // namespace
}  // namespace gg::apps
