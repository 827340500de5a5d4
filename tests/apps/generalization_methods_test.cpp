// The commands fgm, vat and vat-text of the app `generalization` as whole programs on tiny data: what they promise to
// write, and mistakes.
#include <gtest/gtest.h>

#include <algorithm>

#include "apps/common/json_text.h"
#include "tests/apps/autoencoders.h"

namespace gg::apps {
namespace {

class GeneralizationMethods : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directory(dir_ / "data");
    write_images(dir_ / "data", "train", 400);
    write_images(dir_ / "data", "t10k", 60);
  }
  std::string at(const std::string& name) const { return (dir_ / name).string(); }
  static Outcome run(const Words& words) { return run_program(GG_GENERALIZATION, words); }
  Words small(const std::string& command, const Words& more = {}) const {
    Words words = {command, "--out", at("run"), "--quick", "--threads", "1"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  Words images(const std::string& command, const Words& more = {}) const {
    Words words = small(command, {"--steps", "20", "--data-sets", "two-moons,fashion-mnist", "--data", at("data"),
                                  "--hidden", "16", "--fashion-labels", "20", "--batch", "16"});
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  /// Reviews that say what they are by one character.
  std::string reviews(int count) const {
    std::string lines;
    std::uint32_t noise = 7;
    for (int i = 0; i < count; ++i) {
      std::string text = i % 2 == 0 ? "坏" : "好";
      for (int k = 0; k < 9; ++k) {
        noise = noise * 1664525U + 1013904223U;
        text += std::string("\xe4\xb8") + static_cast<char>(0x80 + (noise >> 27));
      }
      lines += text + "\t" + std::to_string(i % 2) + "\n";
    }
    return lines;
  }
  Json summary() const { return parse_json(slurp(at("run/summary.json")), "summary.json"); }
  void expect_error(const Words& words, int code, const std::string& part) const {
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, code);
    EXPECT_HAS(outcome.err, part);
    EXPECT_TRUE(outcome.err.starts_with("error: ")) << outcome.err;
    EXPECT_FALSE(fs::exists(at("run"))) << "a mistake found at once leaves no folder";
  }
  TempDir dir_;
};

TEST_F(GeneralizationMethods, FgmAttacksAndTrains) {
  const Outcome outcome = run(images("fgm", {"--train-epsilons", "0.2", "--attack-epsilons", "0.1,0.5"}));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  for (const char* set : {"two-moons", "fashion-mnist"}) {
    const Json all = summary()[set];
    for (const char* arm : {"supervised", "FGM, ε = 0.2", "penalty ε‖∇l‖, ε = 0.2"}) {
      ASSERT_TRUE(all.contains(arm)) << arm;
      const Json& scores = all[arm];
      // An attack hurts more than noise of its length, and longer ones no less than shorter ones.
      EXPECT_LE(scores["pgd_l2"][1].get<double>(), scores["random_l2"][1].get<double>()) << set << " " << arm;
      EXPECT_LE(scores["pgd_l2"][1].get<double>(), scores["pgd_l2"][0].get<double>()) << set << " " << arm;
      // A16 and A17 where ε is 0.001.
      EXPECT_NEAR(scores["first_order"][0].get<double>(), 1, 0.05) << set << " " << arm;
      EXPECT_LT(scores["gradient_mismatch"][0].get<double>(), 0.05) << set << " " << arm;
    }
  }
  const std::string page = slurp(at("run/report.html"));
  for (const char* part :
       {"A16", "A17", "Attacked in the L∞ ball", "gradient against the penalty", "data:image/png;base64"})
    EXPECT_HAS(page, part);
}

// ReLU's kinks are what the penalty does not see: the negative control of A17.
TEST_F(GeneralizationMethods, KinksPartFgmAndPenalty) {
  ASSERT_EQ(run(images("fgm", {"--train-epsilons", "0.2", "--activation", "relu"})).code, 0);
  double worst = 0;
  const Json all = summary();
  for (const char* set : {"two-moons", "fashion-mnist"}) {
    for (const char* arm : {"supervised", "FGM, ε = 0.2"}) {
      worst = std::max(worst, all[set][arm]["gradient_mismatch"][0].get<double>());
    }
  }
  EXPECT_GT(worst, 0.3);
}

TEST_F(GeneralizationMethods, VatComparesAndShowsItsSteps) {
  const Outcome outcome = run(images("vat", {"--epsilons", "0.2,0.4", "--ablations"}));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json all = summary();
  for (const char* arm : {"supervised", "VAT, ε = 0.2", "random direction, ε = 0.4", "finite differences, ξ = 0.1",
                          "gradient through f(x), too", "three power steps"}) {
    ASSERT_TRUE(all["two-moons"].contains(arm)) << arm;
    EXPECT_EQ(all["two-moons"][arm]["spectral_norms"].size(), 2U);
  }
  const Json trace = all["fashion-mnist"]["trace"];
  const Json& rayleigh = trace["rayleigh"]["untrained"];
  EXPECT_LT(rayleigh[0].get<double>(), 0.5);
  EXPECT_GT(rayleigh[16].get<double>(), 0.9);
  EXPECT_NEAR(trace["second_order_ratio"]["untrained"][0].get<double>(), 1, 0.02);
  // The gradient with f(x) held constant is of lower order than the whole one.
  EXPECT_GT(trace["knock_off_difference"]["untrained"][0].get<double>(),
            trace["knock_off_difference"]["untrained"][4].get<double>());
  const std::string page = slurp(at("run/report.html"));
  for (const char* part : {"A18", "A19", "A20", "A21", "A22", "A23", "A27", "step by step"}) EXPECT_HAS(page, part);
}

TEST_F(GeneralizationMethods, VatTextReadsAnyTexts) {
  spill(dir_ / "reviews.tsv", reviews(400) + "双\t0\n双\t1\n");
  const Words words = {"--steps",      "60",
                       "--data",       at("reviews.tsv"),
                       "--labels",     "40",
                       "--validation", "60",
                       "--test",       "100",
                       "--length",     "12",
                       "--dim",        "8",
                       "--filters",    "8",
                       "--perturb",    "embedded_inputs,embedding_table",
                       "--least",      "1"};
  const Outcome outcome = run(small("vat-text", words));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json all = summary();
  EXPECT_EQ(all["texts"]["different"], 400);
  EXPECT_EQ(all["texts"]["conflicting"], 2);
  for (const char* arm :
       {"supervised", "random direction, ε = 1", "VAT on inputs, ε = 1", "VAT on the table, ε = 0.5"}) {
    ASSERT_TRUE(all["reviews"].contains(arm)) << arm;
  }
  EXPECT_GT(all["reviews"]["supervised"]["test_accuracy"]["mean"].get<double>(), 0.55);
  for (const char* part : {"A24", "A26", "Two optimisers", "sign test"}) EXPECT_HAS(slurp(at("run/report.html")), part);
}

TEST_F(GeneralizationMethods, MistakesAreTold) {
  expect_error(images("fgm", {"--train-epsilons", "-1"}), 2, "--train-epsilons");
  expect_error(images("vat", {"--epsilon", "0.1"}), 2, "Did you mean --epsilons?");
  expect_error(small("vat-text", {"--data", at("none.tsv")}), 1, "none.tsv");
  spill(dir_ / "bad.tsv", "好\t1\n坏 0\n");
  expect_error(small("vat-text", {"--data", at("bad.tsv")}), 1, "line 2");
  spill(dir_ / "few.tsv", reviews(30));
  expect_error(small("vat-text", {"--data", at("few.tsv")}), 1, "ask for fewer");
  spill(dir_ / "one.tsv", "好\t0\n坏\t0\n");
  expect_error(small("vat-text", {"--data", at("one.tsv")}), 1, "nothing to learn");
  spill(dir_ / "reviews.tsv", reviews(1200));
  expect_error(small("vat-text", {"--data", at("reviews.tsv"), "--length", "5", "--widths", "3,7"}), 1, "--widths");
  expect_error(small("vat-text", {"--perturb", "weights"}), 2, "embedded_inputs");
}

}  // namespace
}  // namespace gg::apps
