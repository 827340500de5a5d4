// The app `autoencoders` as a whole program on tiny images: the same numbers whatever happens in between, and clear
// errors.
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <map>
#include <sstream>

#include "apps/common/json_text.h"
#include "tests/apps/autoencoders.h"

namespace gg::apps {
namespace {

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

TEST_F(Autoencoders, ProfileTellsWhatEachKernelTook) {
  const Outcome outcome = run({"ae", "--out", at("run"), "--data", at("data"), "--hidden", "12", "--code", "3",
                               "--epochs", "1", "--device", "cpu", "--profile"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  struct Total {
    double calls = 0, ms = 0, bytes = 0;
  };
  std::map<std::string, Total> traced;
  const Json trace = parse_json(slurp(at("run/trace.json")), "trace.json");
  for (const Json& event : trace["traceEvents"]) {
    Total& total = traced[event["name"].get<std::string>()];
    EXPECT_EQ(event["ph"], "X");
    EXPECT_GE(event["ts"].get<double>(), 0);
    EXPECT_GE(event["dur"].get<double>(), 0);
    ++total.calls;
    total.ms += event["dur"].get<double>() / 1000;
    total.bytes += event["args"]["bytes"].get<double>();
  }
  for (const char* kernel : {"matmul", "adam", "sum"}) EXPECT_TRUE(traced.contains(kernel)) << kernel;
  // The table has the same kernels, one a line, and says the same of them.
  const std::string table = slurp(at("run/profile.txt"));
  EXPECT_HAS(outcome.out, table);
  EXPECT_HAS(outcome.out, at("run/trace.json"));
  std::istringstream lines(table);
  std::string line;
  std::getline(lines, line);
  EXPECT_HAS(line, "kernel");
  std::size_t kernels = 0;
  while (std::getline(lines, line) && !line.starts_with("all kernels")) {
    std::istringstream words(line);
    std::string kernel, device, percent;
    Total told;
    double share = 0, mib = 0;
    words >> kernel >> device >> told.calls >> told.ms >> share >> percent >> mib;
    ASSERT_TRUE(words && traced.contains(kernel)) << line;
    const Total& total = traced[kernel];
    EXPECT_EQ(device, "cpu");
    EXPECT_EQ(told.calls, total.calls) << kernel;
    EXPECT_NEAR(told.ms, total.ms, 1e-3 + 1e-6 * total.calls) << kernel;  // as far as either is written out
    EXPECT_NEAR(mib, total.bytes / (1 << 20), 0.051) << kernel;
    EXPECT_GT(total.bytes, 0) << kernel;
    ++kernels;
  }
  EXPECT_EQ(kernels, traced.size());
  EXPECT_TRUE(line.starts_with("all kernels")) << table;
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
