// The app `weight_rms` as a whole program: numbers that can be checked from outside, the same numbers whatever happens
// in between, and clear errors.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <csignal>

#include "apps/common/json_text.h"
#include "apps/common/text.h"
#include "tests/apps/autoencoders.h"

namespace gg::apps {
namespace {

class WeightRmsApp : public testing::Test {
 protected:
  std::string at(const std::string& name) const { return (dir_ / name).string(); }
  static Outcome run(const Words& words) { return run_program(GG_WEIGHT_RMS, words); }
  /// The summary of a run with these words.
  Json summary(Words words) const {
    words.insert(words.end(), {"--out", at("run"), "--force"});
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_HAS(slurp(at("run/report.html")), "<svg");
    return parse_json(slurp(at("run/summary.json")), "summary.json");
  }
  static Json predict(Words words) {
    words.insert(words.begin(), {"predict", "--json"});
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return parse_json(outcome.out, "output");
  }
  void expect_error(Words words, int code, const std::string& part) const {
    words.insert(words.end(), {"--out", at("bad")});
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, code) << outcome.err;
    EXPECT_HAS(outcome.err, part);
    EXPECT_EQ(outcome.err.find('\n'), outcome.err.size() - 1) << "more than one line: " << outcome.err;
    EXPECT_FALSE(fs::exists(at("bad"))) << "a mistake found at once leaves no folder";
  }

  TempDir dir_;
};

TEST_F(WeightRmsApp, PredictsWhatTheFormulasGive) {
  const Json constant = predict({"--schedule", "constant"});
  EXPECT_NEAR(constant["kappa"].get<double>(), 1, 1e-12);
  const double rho = std::exp(-2.0) * 0.01 + (1 - std::exp(-2.0)) * 0.005;
  EXPECT_NEAR(constant["rms"]["ode"].get<double>(), std::sqrt(rho), 1e-12);
  EXPECT_NEAR(constant["rms"]["steady_state"].get<double>(), std::sqrt(0.005), 1e-12);
  EXPECT_NEAR(constant["rms"]["double_sum"].get<double>(), 0.07531, 1e-5);
  EXPECT_NEAR(constant["update_rms"].get<double>(), std::sqrt(0.1 / 1.9), 1e-12);
  EXPECT_TRUE(constant["warnings"].empty());
  EXPECT_NEAR(constant["weights_sum"].get<double>(), 1, 1e-3);
  // m of the first two updates is filled to 1 − β and 1 − β².
  EXPECT_NEAR(predict({"--schedule", "constant", "--lambda", "0", "--steps", "2"})["weights_sum"].get<double>(),
              (0.1 + 0.19) / 2, 1e-12);
  const Json wsd = predict({"--schedule", "wsd", "--warmup", "0.05", "--decay", "0.2", "--lambda", "2"});
  EXPECT_NEAR(wsd["kappa"].get<double>(), 17.5, 1e-9);
  EXPECT_NEAR(wsd["rms"]["mean_field"].get<double>() / wsd["rms"]["double_sum"].get<double>(), 1.47, 0.02);
  EXPECT_NEAR(predict({"--mu", "1", "--sigma", "2"})["mean_to_noise"].get<double>(), 0.25, 1e-15);
  // Weights that wither, and AdamC, which keeps them.
  EXPECT_HAS(predict({"--lambda", "2"})["warnings"][0].get<std::string>(), "wither");
  const Json adamc = predict({"--lambda", "2", "--lambda-schedule", "follow"});
  EXPECT_TRUE(adamc["warnings"].empty());
  EXPECT_NEAR(adamc["kappa"].get<double>(), 7.5, 1e-9);
  EXPECT_HAS(predict({"--eta-max", "0.9", "--lambda", "1"})["warnings"][1].get<std::string>(), "λη reaches 0.9");
  // κ of ten thousand, no steps, a decay with a schedule of its own, every schedule there is.
  EXPECT_TRUE(
      std::isfinite(predict({"--eta-max", "1", "--lambda", "0.9", "--steps", "20000"})["rms"]["ode"].get<double>()));
  EXPECT_EQ(predict({"--steps", "0"})["rms"]["double_sum"].get<double>(), 0.1);
  EXPECT_NEAR(predict({"--schedule", "constant", "--lambda-schedule", "linear"})["kappa"].get<double>(), 0.5, 1e-9);
  for (const char* schedule : {"constant", "linear", "cosine", "wsd", "polynomial", "step", "inverse_sqrt"}) {
    EXPECT_GT(predict({"--schedule", schedule, "--warmup", "0.1"})["nu"].get<double>(), 0) << schedule;
  }
  EXPECT_NEAR(predict({"--schedule", "warmup"})["kappa"].get<double>(), 0.5, 1e-9);
}

TEST_F(WeightRmsApp, SaysWhereTheMeanFieldHolds) {
  const auto said = [&](Words words) {
    words.insert(words.begin(), "predict");
    words.insert(words.end(), {"--out", at("run"), "--force"});
    return run(words).out;
  };
  EXPECT_HAS(said({"--lambda", "2"}), "not to be trusted at this κ");
  for (const Words& exact : {Words{"--lambda", "2", "--schedule", "constant"},
                             Words{"--lambda", "2", "--lambda-schedule", "follow"}, Words{}}) {
    EXPECT_EQ(said(exact).find("not to be trusted"), std::string::npos);
  }
  // Halves of an odd number of steps fit.
  EXPECT_NEAR(
      predict({"--schedule", "wsd", "--warmup", "0.5", "--decay", "0.5", "--steps", "5"})["kappa"].get<double>(),
      2.5e-4, 1e-12);
  // Where nothing moves there is no update to measure, and no angle.
  const Outcome still = run({"simulate", "--eta-max", "0", "--steps", "20", "--dimension", "10", "--out", at("s")});
  EXPECT_EQ(still.code, 0);
  EXPECT_EQ((still.out + run({"simulate", "--steps", "0", "--out", at("s0")}).out).find("NaN"), std::string::npos);
}

TEST_F(WeightRmsApp, SimulationAgreesWithThePrediction) {
  const Json s = summary({"simulate", "--steps", "1500", "--lambda", "3", "--eta-max", "2e-3", "--dimension", "20000"});
  EXPECT_NEAR(s["simulated"]["rms"].get<double>() / s["rms"]["double_sum"].get<double>(), 1, 0.03);
  EXPECT_NEAR(s["simulated"]["update_rms"].get<double>(), 0.2294, 0.008);
  EXPECT_LT(std::abs(s["simulated"]["start_cosine"].get<double>()), 0.03);
  const std::string csv = slurp(at("run/figures/rms.csv"));
  EXPECT_TRUE(csv.starts_with("curve,step,rms\n\"simulated\",0,0.")) << csv.substr(0, 80);
  EXPECT_HAS(csv, fmt::format("\"double sum\",1500,{}\n", s["rms"]["double_sum"].get<double>()));
  // Adam's first update is the sign, at the rate of the middle of its step.
  const Json one = summary(
      {"simulate", "--steps", "1", "--theta0-rms", "0", "--schedule", "warmup", "--eta-max", "1", "--lambda", "0"});
  EXPECT_NEAR(one["simulated"]["rms"].get<double>(), 0.5, 1e-3);
  // Without memory in v, a gradient near 0 is divided by nearly 0.
  const Json wild = summary({"simulate", "--steps", "200", "--dimension", "1000", "--beta2", "0"});
  EXPECT_GT(wild["simulated"]["update_rms"].get<double>(), 1);
  // Other seeds, other numbers; other threads, the same.
  const Words small = {"simulate", "--steps", "50", "--dimension", "3000", "--threads"};
  const auto with = [&](Words more) {
    Words words = small;
    words.insert(words.end(), more.begin(), more.end());
    return summary(words)["simulated"]["rms"].get<double>();
  };
  EXPECT_EQ(with({"1"}), with({"2"}));
  EXPECT_NE(with({"1"}), with({"1", "--seed", "5"}));
  EXPECT_NEAR(summary({"simulate", "--steps", "0"})["simulated"]["rms"].get<double>(), 0.1, 1e-7);
}

TEST_F(WeightRmsApp, CompareRepeatsTheTable) {
  const Json s = summary({"compare", "--dimension", "3000", "--long-dimension", "200"});
  ASSERT_EQ(s["rows"].size(), 23U);
  EXPECT_HAS(slurp(at("run/figures/trajectories.csv")),
             "\"AdamC, cosine → 0, λ 2, β₂ 0.95, 10,000 steps: ODE\",10000,");
  EXPECT_EQ(s["agreeing"], 23);
  int wrong = 0;
  for (const Json& row : s["rows"]) {
    EXPECT_TRUE(row["same_rms"] && row["same_estimate"]) << row;
    const double simulated = row["simulated"], noise = row["noise"];
    // Where the mean rules, weights are nearly alike and their RMS has little noise.
    EXPECT_NEAR(noise * std::sqrt(2.0 * (row["steps"] > 10000 ? 200 : 3000)), row["mu"] == 0 ? 1 : 0.2, 0.1) << row;
    // The double sum holds everywhere but for noise and the moving v; the mean field not at large κ (D-20).
    EXPECT_NEAR(row["double_sum"].get<double>() / simulated, 1.01, 3 * noise + 0.02) << row;
    const double field = row["mean_field"].get<double>() / simulated - 1;
    const std::string schedule = row["schedule"];
    const bool still = schedule == "constant" || schedule.starts_with("AdamC");
    if (row["kappa"].get<double>() > 3 && !still) {
      EXPECT_GT(field, 0.4) << row;
      ++wrong;
    } else {
      EXPECT_LT(std::abs(field), 0.05 + 3 * noise) << row;
    }
  }
  EXPECT_EQ(wrong, 5);
}

TEST_F(WeightRmsApp, WeightsWitherWhereTheRateEndsAtZero) {
  const Json s = summary(
      {"collapse", "--steps", "10000", "--lambda", "5", "--network-steps", "1500", "--network-eta-max", "0.01"});
  std::map<std::string, Json> rows;
  for (const Json& row : s["rows"]) rows[row["schedule"]] = row;
  const double plateau = rows["constant"]["simulated"];
  EXPECT_LT(rows["cosine → 0"]["simulated"].get<double>(), 0.5 * plateau);
  EXPECT_LT(rows["linear → 0"]["simulated"].get<double>(), 0.5 * plateau);
  EXPECT_NEAR(rows["AdamC, cosine → 0"]["simulated"].get<double>() / plateau, 1, 0.15);
  EXPECT_TRUE(rows["cosine → 0"]["withers"] && rows["linear → 0"]["withers"]);
  EXPECT_FALSE(rows["constant"]["withers"] || rows["cosine → 0.1"]["withers"] || rows["AdamC, cosine → 0"]["withers"] ||
               rows["cosine → 0, little decay"]["withers"]);
  // A warning of another kind is not that weights wither; and the page has a cell for every heading.
  const std::string page = slurp(at("run/report.html"));
  EXPECT_HAS(page, "ODE, ten times as long");
  for (const auto& [name, row] : rows) EXPECT_HAS(page, format_number(row["ten_times"].get<double>()));
  EXPECT_LT(rows["cosine → 0"]["ten_times"].get<double>(), 0.6 * rows["cosine → 0.1"]["ten_times"].get<double>());
  EXPECT_GT(s["network"]["adamw_gradient_growth"].get<double>(),
            1.3 * s["network"]["adamc_gradient_growth"].get<double>());
  EXPECT_GT(s["network"]["adamc_rms"].get<double>(), 1.5 * s["network"]["adamw_rms"].get<double>());
}

TEST_F(WeightRmsApp, LargeStepsAreNotWithering) {
  const Json s = summary({"collapse", "--steps", "10", "--dimension", "10", "--network-steps", "100"});
  const Json& little = s["rows"][5];  // κ of ½ in ten steps: λη of 0.1, for which there is another warning
  EXPECT_EQ(little["schedule"], "cosine → 0, little decay");
  EXPECT_FALSE(little["withers"]);
}

TEST_F(WeightRmsApp, SumsOfSquaresDecide) {
  const Json s = summary({"criterion", "--quick"});
  for (const Json& row : s["rows"]) {
    const double p = row["power"];
    EXPECT_EQ(row["settles"].get<bool>(), p > 0.5);
    EXPECT_LE(row["bound"].get<double>(), 1) << p;
    EXPECT_NEAR(row["simulated"].get<double>() / row["simulated_estimate"].get<double>(), 1, 0.08) << p;
    if (p > 0.5) {
      EXPECT_NEAR(row["limit"].get<double>(), 1e-3 * std::sqrt(100 / (2 * p - 1)), 1e-9) << p;
    }
    if (p < 0.5) {
      EXPECT_NEAR(row["growth"].get<double>(), 1 - 2 * p, 0.12) << p;
    } else if (p > 0.7) {
      EXPECT_NEAR(row["rms"].get<double>() / row["limit"].get<double>(), 1, 0.05) << p;
    }
  }
  EXPECT_LT(s["forgetting"][0]["left"].get<double>(), 0.08);
  EXPECT_GT(s["forgetting"][2]["left"].get<double>(), 0.8);
  for (const Json& f : s["forgetting"]) {
    EXPECT_NEAR(f["left"].get<double>() / f["predicted"].get<double>(), 1, 0.05) << f;
  }
}

TEST_F(WeightRmsApp, DesignFindsTheDecay) {
  const Json s = summary({"design", "--target-rms", "0.04", "--steps", "3000", "--eta-max", "2e-3"});
  ASSERT_EQ(s["candidates"].size(), 6U);
  // Found by the differential equation, told by the double sum, which is close to it.
  for (const Json& c : s["candidates"]) EXPECT_NEAR(c["rms"].get<double>(), 0.04, 4e-4) << c;
  const Json cosine = s["candidates"][3];
  const std::string lambda = std::to_string(cosine["lambda"].get<double>());
  const Json again = predict({"--schedule", "cosine", "--lambda", lambda, "--steps", "3000", "--eta-max", "2e-3",
                              "--warmup", "0.02", "--theta0-rms", "0.02"});
  EXPECT_NEAR(again["rms"]["ode"].get<double>(), 0.04, 1e-6);
  EXPECT_NEAR(cosine["start_left"].get<double>(), std::exp(-cosine["kappa"].get<double>()), 1e-12);
  // A rate that stays with κ = 4 a thousand steps brings the last 1/κ of them: rounded up to whole steps.
  const Json constant = s["candidates"][0];
  EXPECT_NEAR(constant["memory"].get<double>(), 1 / constant["kappa"].get<double>(), 0.01);
  const Json none = summary({"design", "--target-rms", "5"});
  EXPECT_HAS(none["candidates"][0]["trouble"].get<std::string>(), "needs a higher rate or more steps");
  EXPECT_HAS(none["advice"].get<std::string>(), "No schedule");
}

TEST_F(WeightRmsApp, TrainsAndResumesToTheSameBytes) {
  fs::create_directory(dir_ / "data");
  write_images(dir_ / "data", "train", 180);
  write_images(dir_ / "data", "t10k", 40);
  const auto words = [&](const std::string& out) {
    return Words{"train",   "--data", at("data"),           "--out", at(out), "--steps", "60", "--batch-size", "20",
                 "--every", "7",      "--checkpoint-every", "10"};
  };
  ASSERT_EQ(run(words("whole")).code, 0);
  const Json s = parse_json(slurp(at("whole/summary.json")), "summary.json");
  for (const char* network : {"mlp", "cnn"}) {
    for (const Json& t : s["networks"][network]["tensors"]) {
      for (const char* key :
           {"measured", "no_mean", "with_mean", "with_mean_by_number", "with_mean_divided", "update"}) {
        EXPECT_GT(t[key].get<double>(), 0) << network << " " << t["tensor"] << " " << key;
      }
      EXPECT_NEAR(t["measured"].get<double>() * (1 + t["error_no_mean"].get<double>()), t["no_mean"].get<double>(),
                  1e-9);
    }
  }
  // The rates that the plan says, to the last.
  const std::string metrics = slurp(at("whole/metrics.jsonl"));
  const std::size_t lr = metrics.rfind("\"lr\":");
  ASSERT_NE(lr, std::string::npos);
  EXPECT_NEAR(std::stod(metrics.substr(lr + 5)), 1e-4 + 9e-4 * (1 + std::cos(M_PI * 59.5 / 60)) / 2, 1e-9);
  const std::size_t whole = metrics.size();
  const Outcome killed = run_program(GG_WEIGHT_RMS, words("cut"), [&](pid_t child) {
    for (int i = 0; i < 100000 && slurp(at("cut/metrics.jsonl")).size() < whole / 2; ++i) ::usleep(200);
    ::kill(child, SIGKILL);
  });
  EXPECT_EQ(killed.code, 1000 + SIGKILL);
  ASSERT_EQ(run({"train", "--resume", at("cut")}).code, 0);
  EXPECT_EQ(slurp(at("whole/metrics.jsonl")), slurp(at("cut/metrics.jsonl")));
  Json again = parse_json(slurp(at("cut/summary.json")), "summary.json");
  Json first = s;
  for (Json* j : {&again, &first}) {
    for (auto& network : (*j)["networks"]) network.erase("seconds");
  }
  EXPECT_EQ(first, again);
}

TEST_F(WeightRmsApp, TrainingsWarnToo) {
  fs::create_directory(dir_ / "data");
  write_images(dir_ / "data", "train", 40);
  write_images(dir_ / "data", "t10k", 20);
  const Outcome outcome = run({"train", "--data", at("data"), "--out", at("run"), "--networks", "mlp", "--batch-size",
                               "2", "--steps", "600", "--eta-end", "0", "--lambda", "20"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_HAS(outcome.err, "weights wither");
  EXPECT_HAS(slurp(at("run/report.html")), "weights wither");
}

TEST_F(WeightRmsApp, OptionsThatAScheduleLacksAreRefused) {
  for (const Words& words :
       {Words{"--schedule", "constant", "--eta-end", "0.1"}, Words{"--schedule", "warmup", "--eta-end", "0.1"},
        Words{"--schedule", "step", "--eta-end", "0"}, Words{"--schedule", "inverse_sqrt", "--eta-end", "0.1"}}) {
    Words all = {"predict"};
    all.insert(all.end(), words.begin(), words.end());
    expect_error(all, 2,
                 "--eta-end: it has no meaning with --schedule " + words[1] +
                     "; it goes with linear, cosine, wsd or polynomial");
  }
  expect_error({"predict", "--schedule", "warmup", "--warmup", "0.1"}, 2, "--warmup: it has no meaning");
  expect_error({"simulate", "--schedule", "cosine", "--decay", "0.1"}, 2, "it goes with wsd");
  expect_error({"predict", "--power", "2"}, 2, "it goes with polynomial");
  expect_error({"predict", "--lambda-end", "0.5"}, 2, "--lambda-schedule constant; it goes with linear or cosine");
  expect_error({"train", "--schedule", "constant", "--eta-end", "0.1"}, 2, "--eta-end");
}

TEST_F(WeightRmsApp, OnlyTrainingsTakeADevice) {
  for (const char* command : {"predict", "simulate", "compare", "collapse", "criterion", "design"}) {
    expect_error({command, "--device", "cuda"}, 2, std::string("--device: ") + command + " runs on the CPU only");
    expect_error({command, "--data", "x"}, 2, "has no use for it");
  }
  EXPECT_HAS(run({"train", "--help"}).out, "--device");
  EXPECT_HAS_NOT(run({"design", "--help"}).out, "--device");
}

TEST_F(WeightRmsApp, ABadFolderIsToldBeforeAnyWork) {
  for (const char* command : {"predict", "simulate", "compare", "train", "collapse", "criterion", "design"}) {
    const Outcome outcome = run({command, "--out", "/proc/none/x"});
    EXPECT_EQ(outcome.code, 1) << command;
    EXPECT_EQ(outcome.out, "") << command;
    EXPECT_EQ(outcome.err, "error: cannot make the directory /proc/none/x: No such file or directory\n");
  }
}

TEST_F(WeightRmsApp, EveryCommandCanBeStopped) {
  const std::vector<Words> all = {{"design", "--steps", "400000"},        {"predict", "--steps", "10000000"},
                                  {"simulate", "--dimension", "1000000"}, {"collapse"},
                                  {"criterion", "--steps", "10000000"},   {"compare"}};
  for (Words words : all) {
    words.insert(words.end(), {"--threads", "1", "--out", at(words[0])});
    const Outcome stopped = run_program(GG_WEIGHT_RMS, words, [&](pid_t child) {
      EXPECT_TRUE(wait_until_it_handles(child, SIGINT));
      // `predict` makes its folder when it has finished.
      for (int i = 0; i < 5000 && words[0] != "predict" && !fs::exists(at(words[0])); ++i) ::usleep(1000);
      ::usleep(100000);
      ::kill(child, SIGINT);
    });
    EXPECT_EQ(stopped.code, 130) << words[0] << ": " << stopped.err;
    EXPECT_HAS(stopped.err, "Stopped");
    EXPECT_FALSE(fs::exists(at(words[0] + "/summary.json"))) << words[0];
  }
}

TEST_F(WeightRmsApp, MistakesAreTold) {
  expect_error({"predict", "--json"}, 2, "--json and --out");
  expect_error({"predict", "--beta1", "1"}, 1, "--beta1 must be in [0, 1), got 1");
  expect_error({"predict", "--beta2", "1.5"}, 1, "--beta2 must be in [0, 1), got 1.5");
  expect_error({"predict", "--beta1", "-0.1"}, 2, "--beta1");
  expect_error({"predict", "--eta-max", "-1"}, 2, "--eta-max");
  expect_error({"predict", "--lambda", "nan"}, 2, "--lambda");
  expect_error({"predict", "--sigma", "0"}, 2, "--sigma");
  expect_error({"simulate", "--lambda", "1001"}, 1, "learning rate times weight decay must be below 1");
  expect_error({"predict", "--schedule", "cosin"}, 2, "cosine");
  expect_error({"predict", "--schedule", "wsd", "--warmup", "0.9", "--decay", "0.5"}, 1, "do not fit into 10000 steps");
  expect_error({"simulate", "--steps", "-1"}, 2, "--steps");
  expect_error({"design", "--target-rms", "0"}, 2, "--target-rms");
  expect_error({"predict", "--sigma", "1e-30"}, 2, "--sigma");
  expect_error({"simulate", "--theta0-rms", "1e300"}, 2, "--theta0-rms");
  expect_error({"collapse", "--lambda", "1001"}, 2, "must be below 1, got 1.001");
  expect_error({"collapse", "--network-lambda", "1000"}, 2, "--network-lambda times --network-eta-max");
  expect_error({"criterion", "--powers", ""}, 2, "at least one exponent");
  expect_error({"design", "--steps", "100000000"}, 2, "--steps");
  expect_error({"train", "--networks", ""}, 2, "expected mlp, cnn or both");
  expect_error({"train", "--networks", "mlp,mlp"}, 2, "more than once");
  expect_error({"train", "--networks", "rnn"}, 2, "expected mlp or cnn");
  expect_error({"train", "--data", at("nowhere")}, 1, at("nowhere"));
}

}  // namespace
}  // namespace gg::apps
