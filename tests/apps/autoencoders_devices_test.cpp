// The app `autoencoders` as a whole program on devices: the numbers of the CPU, from the first step to the report.
#include <algorithm>
#include <cmath>
#include <csignal>
#include <sstream>

#include "apps/common/json_text.h"
#include "core/device.h"
#include "tests/apps/autoencoders.h"

namespace gg::apps {
namespace {

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

class AutoencodersOnDevices : public Autoencoders {};

TEST_F(AutoencodersOnDevices, GiveTheNumbersOfTheCpu) {
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
      EXPECT_LT(here[18]["loss"], here[0]["loss"]);
      EXPECT_EQ(difference(there, here, 1e-4), "");
      EXPECT_HAS(slurp(at(name + "/report.html")), "data:image/png;base64");
      EXPECT_NE(difference(train("cpu", {"--weight-decay", "0.02"}), here, 1e-4), "") << "nothing is compared";
    }
  }
}

TEST_F(AutoencodersOnDevices, GoOnOnAnotherDevice) {
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

TEST_F(AutoencodersOnDevices, WithoutAGpuItSaysSoInOneLine) {
  if (is_available(Device::cuda)) GTEST_SKIP() << "there is a GPU";
  const Words words = {"ae", "--data", at("data"), "--out", at("run"), "--device", "cuda"};
  expect_error(words, 1, "cuda");
  const std::string text = run(words).err;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
  EXPECT_HAS(text, "error: cuda: ");  // the reason, which depends on the build
  EXPECT_HAS(text, "Device cpu works everywhere");
  EXPECT_FALSE(fs::exists(at("run")));
}

}  // namespace
}  // namespace gg::apps
