// The app `autoencoders` as a whole program on tiny images: the same numbers whatever happens in between, and clear
// errors.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <map>
#include <sstream>

#include "apps/common/json_text.h"
#include "core/device.h"
#include "tests/apps/program.h"
#include "tests/errors.h"

namespace gg::apps {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

std::string big_endian(std::uint32_t n) {
  return {static_cast<char>(n >> 24), static_cast<char>(n >> 16), static_cast<char>(n >> 8), static_cast<char>(n)};
}

/// Bright bars on dark ground, in four classes: where the bar is. 8×8 pixels.
void write_images(const fs::path& folder, const std::string& stem, int count) {
  std::string images =
      std::string("\0\0\x08\x03", 4) + big_endian(static_cast<std::uint32_t>(count)) + big_endian(8) + big_endian(8);
  std::string labels = std::string("\0\0\x08\x01", 4) + big_endian(static_cast<std::uint32_t>(count));
  std::uint32_t noise = 12345;
  for (int i = 0; i < count; ++i) {
    const int label = i % 4;
    for (int pixel = 0; pixel < 64; ++pixel) {
      noise = noise * 1664525U + 1013904223U;
      const bool bright = label < 2 ? pixel / 8 / 4 == label : pixel % 8 / 4 == label - 2;
      images += static_cast<char>((bright ? 150 : 20) + (noise >> 24) % 80);
    }
    labels += static_cast<char>(label);
  }
  spill(folder / (stem + "-images-idx3-ubyte"), images);
  spill(folder / (stem + "-labels-idx1-ubyte"), labels);
}

class Autoencoders : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directory(dir_ / "data");
    write_images(dir_ / "data", "train", 180);
    write_images(dir_ / "data", "t10k", 40);
  }

  std::string at(const std::string& name) const { return (dir_ / name).string(); }

  /// All five models in a few steps each.
  Words demo(const std::string& out, const Words& more = {}, const std::string& epochs = "2") const {
    Words words = {
        "demo", "--out",         at(out), "--data", at("data"), "--vae-plane-epochs", "1", "--vae-classifier-epochs",
        "1",    "--vae-samples", "64"};
    for (const std::string part : {"ae", "denoising", "vae"}) {
      for (const auto& [name, value] : std::map<std::string, std::string>{
               {"epochs", epochs}, {"batch-size", "32"}, {"hidden", "12"}, {"code", "3"}, {"log-every", "1"}}) {
        words.insert(words.end(), {"--" + part + "-" + name, value});
      }
    }
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  static Words often() {
    return {"--ae-checkpoint-every", "1", "--denoising-checkpoint-every", "1", "--vae-checkpoint-every", "1"};
  }
  static Outcome run(const Words& words, const std::function<void(pid_t)>& meanwhile = {}) {
    return run_program(GG_AUTOENCODERS, words, meanwhile);
  }

  void expect_same(const std::string& a, const std::string& b) const {
    EXPECT_EQ(slurp(at(a + "/metrics.jsonl")), slurp(at(b + "/metrics.jsonl")));
    for (const char* model : {"ae", "denoising", "vae", "vae_plane", "classifier"}) {
      const std::string file = std::string("/checkpoints/") + model + ".safetensors";
      ASSERT_GT(slurp(at(a + file)).size(), 1000U) << model;
      // Not EXPECT_EQ, which would print the files.
      EXPECT_TRUE(slurp(at(a + file)) == slurp(at(b + file))) << model;
    }
  }

  void expect_error(const Words& words, int code, const std::string& part) const {
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, code);
    EXPECT_HAS(outcome.err, part);
    EXPECT_TRUE(outcome.err.starts_with("error: ")) << outcome.err;
    const std::string first_line = outcome.err.substr(0, outcome.err.find('\n'));
    EXPECT_LT(first_line.size(), 600U);
  }

  TempDir dir_;
};

TEST_F(Autoencoders, WritesWhatItPromises) {
  const Outcome outcome = run(demo("run"));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_HAS(outcome.out, at("run/report.html"));
  EXPECT_HAS(outcome.out, at("run/summary.json"));
  const Json summary = parse_json(slurp(at("run/summary.json")), "summary.json");
  for (const char* key :
       {"ae_test_sse", "pca_test_sse", "denoise_psnr", "denoise_psnr_pca", "vae_elbo", "vae_active_units", "seconds"}) {
    ASSERT_TRUE(summary.contains(key)) << key;
    EXPECT_TRUE(summary[key].is_number()) << key;
  }
  EXPECT_HAS(summary["vae_likelihood"].get<std::string>(), "normal");
  for (const char* images : {"samples", "real", "pca_gaussian"}) {
    const Json score = summary["vae_sample_score"][images];
    double sum = 0;
    for (const Json& share : score["class_histogram"]) sum += share.get<double>();
    EXPECT_NEAR(sum, 1, 1e-9) << images;
    EXPECT_GT(score["mean_confidence"].get<double>(), 0);
  }
  const std::string page = slurp(at("run/report.html"));
  for (const char* part : {"Compress", "Clean", "Invent", "data:image/png;base64", "<svg"}) EXPECT_HAS(page, part);
}

TEST_F(Autoencoders, ConvolutionsWorkToo) {
  Words words = {"ae",       "--out", at("run"), "--data", at("data"), "--network", "conv",
                 "--hidden", "4,6",   "--code",  "3",      "--epochs", "1"};
  EXPECT_EQ(run(words).code, 0);
  words[2] = at("other");
  words[8] = "4,6,8,10";
  expect_error(words, 1, "divisible by 16");
}

TEST_F(Autoencoders, ThreadsDoNotMatterAndTheSeedDoes) {
  ASSERT_EQ(run(demo("one", {"--threads", "1"})).code, 0);
  ASSERT_EQ(run(demo("two", {"--threads", "2"})).code, 0);
  expect_same("one", "two");
  ASSERT_EQ(run(demo("other", {"--seed", "1"})).code, 0);
  EXPECT_NE(slurp(at("one/metrics.jsonl")), slurp(at("other/metrics.jsonl")));
}

TEST_F(Autoencoders, KilledAtAnyMomentItResumesToTheSameBytes) {
  ASSERT_EQ(run(demo("whole", often())).code, 0);
  const std::size_t whole = slurp(at("whole/metrics.jsonl")).size();
  constexpr int kRounds = 20;
  int killed = 0;
  for (int round = 0; round < kRounds; ++round) {
    const std::string name = "run" + std::to_string(round);
    // How far it has come is read from what it wrote, not from a clock, so that a busy machine tests the same moments.
    // The first round kills at the start, and the delay lands somewhere inside a step or a write.
    const Outcome outcome = run(demo(name, often()), [&](pid_t child) {
      for (int i = 0; i < 100000 && slurp(at(name + "/metrics.jsonl")).size() < whole * round / kRounds; ++i) {
        ::usleep(200);
      }
      ::usleep(static_cast<useconds_t>(round * 700 % 4000));
      ::kill(child, SIGKILL);
    });
    killed += outcome.code == 1000 + SIGKILL;
    // Killed before its configuration was written there is nothing to resume, and the folder can be used anew.
    const bool started = fs::exists(at(name + "/config.json"));
    const Outcome again = run(started ? Words{"demo", "--resume", at(name)} : demo(name));
    ASSERT_EQ(again.code, 0) << again.err;
    expect_same("whole", name);
    if (HasFailure()) FAIL() << "killed in round " << round;
    fs::remove_all(at(name));
  }
  EXPECT_GT(killed, kRounds / 2);  // else nothing was tested
}

TEST_F(Autoencoders, CtrlCStopsAtAStep) {
  ASSERT_EQ(run(demo("whole", {}, "20")).code, 0);
  const Outcome stopped = run(demo("run", {}, "20"), [&](pid_t child) {
    for (int i = 0; i < 10000 && slurp(at("run/metrics.jsonl")).size() < 200; ++i) ::usleep(500);
    ::kill(child, SIGINT);
  });
  if (stopped.code != 0) {  // it may have been faster than the signal
    EXPECT_EQ(stopped.code, 130);
    EXPECT_HAS(stopped.err, "Stopped after step ");
    EXPECT_HAS(stopped.err, "--resume " + at("run"));
    ASSERT_EQ(run({"demo", "--resume", at("run")}).code, 0);
  }
  expect_same("whole", "run");
}

/// The lines of a metrics.jsonl.
std::vector<Json> lines_of(const fs::path& run) {
  std::istringstream text(slurp(run / "metrics.jsonl"));
  std::vector<Json> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(parse_json(line, "metrics.jsonl"));
  return lines;
}

/// What differs between two runs by more than `tolerance` relative to the number; empty is good.
std::string difference(const std::vector<Json>& there, const std::vector<Json>& here, double tolerance) {
  if (there.size() != here.size()) return "another number of lines";
  std::string found;
  for (std::size_t i = 0; i < here.size(); ++i) {
    for (const auto& [key, value] : here[i].items()) {
      if (!there[i].contains(key)) {
        found += here[i].dump() + " has no " + key + "\n";
      } else if (value.is_number_float()) {
        const double got = there[i][key], want = value;
        if (std::abs(got - want) > tolerance * std::abs(want)) {
          found += here[i].dump() + ": " + key + " is " + there[i][key].dump() + "\n";
        }
      } else if (there[i][key] != value) {
        found += here[i].dump() + ": " + key + "\n";
      }
    }
  }
  return found;
}

/// Twenty steps, every one of them in metrics.jsonl.
Words twenty_steps(const std::string& command, const Words& more) {
  Words words = {command, "--epochs", "5", "--batch-size", "47", "--code", "3", "--log-every", "1", "--lr", "0.02"};
  if (command == "vae") {
    words.insert(words.end(), {"--plane-epochs", "1", "--classifier-epochs", "1", "--samples", "64"});
  }
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

TEST_F(Autoencoders, AreTheSameOnEveryDevice) {
  for (const Device device : {Device::emulated, Device::cuda}) {
    if (!is_available(device)) continue;
    const std::string name = device.type == Device::emulated ? "emulated" : "cuda";
    for (const auto& [command, network] :
         {std::pair("ae", "mlp"), std::pair("denoising", "mlp"), std::pair("vae", "mlp"), std::pair("vae", "conv")}) {
      SCOPED_TRACE(name + " " + command + " " + network);
      const auto train = [&](const std::string& on, const Words& more = {}) {
        Words words = twenty_steps(command, {"--data", at("data"), "--out", at(on), "--force", "--network", network,
                                             "--hidden", std::string(network) == "mlp" ? "11" : "3,4"});
        words.insert(words.end(), {"--device", on});
        words.insert(words.end(), more.begin(), more.end());
        const Outcome outcome = run(words);
        EXPECT_EQ(outcome.code, 0) << outcome.err;
        return lines_of(dir_ / on);
      };
      const std::vector<Json> here = train("cpu"), there = train(name);
      ASSERT_GE(here.size(), 21U);
      EXPECT_LT(here[19]["loss"], here[0]["loss"]);
      EXPECT_EQ(difference(there, here, 1e-4), "");
      EXPECT_HAS(slurp(at(name + "/report.html")), "data:image/png;base64");
      EXPECT_NE(difference(train(name, {"--weight-decay", "0.02"}), here, 1e-4), "") << "nothing is compared";
    }
  }
}

TEST_F(Autoencoders, GoOnOnAnotherDevice) {
  if (!is_available(Device::emulated)) GTEST_SKIP() << "this build has no second device";
  const auto words = [&](const std::string& out, const std::string& device) {
    return twenty_steps("ae", {"--data", at("data"), "--out", at(out), "--hidden", "11", "--checkpoint-every", "1",
                               "--device", device});
  };
  ASSERT_EQ(run(words("whole", "cpu")).code, 0);
  for (const auto& [first, second] : {std::pair("emulated", "cpu"), std::pair("cpu", "emulated")}) {
    const Outcome stopped = run(words(first, first), [&](pid_t child) {
      for (int i = 0; i < 10000 && slurp(at(std::string(first) + "/metrics.jsonl")).size() < 200; ++i) ::usleep(500);
      ::kill(child, SIGINT);
    });
    if (stopped.code != 0) {  // it may have been faster than the signal
      EXPECT_EQ(stopped.code, 130) << stopped.err;
      const Outcome again = run({"ae", "--resume", at(first), "--device", second});
      ASSERT_EQ(again.code, 0) << again.err;
    }
    EXPECT_EQ(difference(lines_of(dir_ / first), lines_of(dir_ / "whole"), 1e-4), "");
  }
}

TEST_F(Autoencoders, WithoutAGpuItSaysSoInOneLine) {
  if (is_available(Device::cuda)) GTEST_SKIP() << "there is a GPU";
  const Words words = {"ae", "--data", at("data"), "--out", at("run"), "--device", "cuda"};
  expect_error(words, 1, "cuda");
  const std::string text = run(words).err;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
  EXPECT_HAS(text, "--device cpu");
  EXPECT_FALSE(fs::exists(at("run")));
}

TEST_F(Autoencoders, MistakesAreTold) {
  expect_error(demo("run", {"--vae-epoch", "3"}), 2, "Did you mean --vae-epochs?");
  spill(dir_ / "bad.json", "{\"vae_sigm\": 0.2}");
  expect_error(demo("run", {"--config", at("bad.json")}), 2, "vae_sigm");
  expect_error({"ae", "--data", at("nowhere"), "--out", at("run")}, 1, at("nowhere"));
  expect_error(demo("run", {"--out", "/proc/none/x"}), 2, "--out");  // given twice
  expect_error({"ae", "--data", at("data"), "--out", "/proc/none/x"}, 1, "/proc/none/x");
  expect_error({"ae", "--data", at("data"), "--out", at("run"), "--lr", "fast"}, 2, "--lr");
  EXPECT_FALSE(fs::exists(at("run"))) << "a mistake found at once leaves no folder";

  const std::string images = slurp(dir_ / "data/train-images-idx3-ubyte");
  spill(dir_ / "data/train-images-idx3-ubyte", images.substr(0, images.size() / 2));
  expect_error({"ae", "--data", at("data"), "--out", at("run")}, 1, "train-images-idx3-ubyte");
}

TEST_F(Autoencoders, ADamagedCheckpointIsToldAndNothingIsLost) {
  ASSERT_EQ(run(demo("whole")).code, 0);
  fs::remove(at("whole/summary.json"));  // so that there is something to resume
  const std::string path = at("whole/checkpoints/vae.safetensors"), good = slurp(path);
  const std::string metrics = slurp(at("whole/metrics.jsonl"));
  std::string flipped = good;
  flipped[20] = '\x01';
  for (const std::string& bad :
       {std::string(), good.substr(0, 5), good.substr(0, good.size() / 2), good.substr(0, good.size() - 1), flipped}) {
    spill(path, bad);
    expect_error({"demo", "--resume", at("whole")}, 1, "vae.safetensors");
    EXPECT_EQ(slurp(at("whole/metrics.jsonl")), metrics);
    EXPECT_EQ(slurp(path), bad);
  }
  // The advice in the message works: without the file that part is trained again, to the same result.
  const std::string before = slurp(at("whole/checkpoints/classifier.safetensors"));
  fs::remove(path);
  const Outcome again = run({"demo", "--resume", at("whole")});
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_TRUE(slurp(path) == good);
  EXPECT_TRUE(slurp(at("whole/checkpoints/classifier.safetensors")) == before);
}

}  // namespace
}  // namespace gg::apps
