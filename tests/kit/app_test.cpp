// Whole programs: exit codes, one-line errors, Ctrl-C, and resuming to the same bytes.
#include "apps/common/app.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <functional>

#include "apps/common/atomic_file.h"
#include "tests/errors.h"
#include "tests/temp_dir.h"

namespace gg::apps {
namespace {

namespace fs = std::filesystem;

struct CountOptions {
  std::int64_t steps = 40;
  std::string fail = "no";
  std::int64_t pause_us = 0;
  void declare(OptionSet& options) {
    options.add("steps", steps, "how far to count").range(1, 100000).quick(3);
    options.add("fail", fail, "how to fail").choices({"no", "error", "memory", "other", "usage"});
    options.add("pause_us", pause_us, "rest after each step").at_least(0).may_change_on_resume();
  }
};

/// A trainer in small: its state is one number, checkpointed at every third step.
void count(const CountOptions& options, RunContext& context) {
  if (options.fail == "error") throw Error("it\nbroke");
  if (options.fail == "memory") throw std::bad_alloc();
  if (options.fail == "other") throw std::runtime_error("odd");
  if (options.fail == "usage") throw UsageError("not like this");
  RunDir& run = context.run();
  const fs::path checkpoint = run.checkpoints() / "state";
  std::int64_t step = 0;
  double value = static_cast<double>(context.standard().seed);
  if (context.resuming()) {
    if (fs::exists(checkpoint)) {
      const Json state = parse_json(read_file(checkpoint, 1000), checkpoint.string());
      step = state["step"];
      value = state["value"];
    }
    run.cut_back(step > 0 ? step : -1);
  }
  while (step < options.steps) {
    ++step;
    value = value * 1.0000001 + 1.0 / static_cast<double>(step);
    run.metrics().append(step, {{"value", value}});
    const bool stop = stop_requested();
    if (step % 3 == 0 || stop) {
      run.metrics().sync();
      write_file_atomically(checkpoint, json_text(Json{{"step", step}, {"value", value}}));
    }
    if (stop) throw Stopped(step);
    if (options.pause_us > 0) ::usleep(static_cast<useconds_t>(options.pause_us));
  }
  run.write_report("<html>");
  run.write_summary({{"value", value}});
}

struct Outcome {
  int code = -1;  ///< exit code, or 1000 + signal
  std::string out, err;
};

/// Runs the app in a process of its own; `meanwhile` is called with its id.
Outcome run(const std::vector<std::string>& arguments, const std::function<void(pid_t)>& meanwhile = {}) {
  TempDir logs;
  const pid_t child = ::fork();
  if (child == 0) {
    std::freopen((logs / "out").c_str(), "w", stdout);
    std::freopen((logs / "err").c_str(), "w", stderr);
    ::setenv("GG_INVOCATION", "./run app counter", 1);
    App app("counter", "counts");
    app.command<CountOptions>("count", "count up", count).details("Counts.").examples({"--quick # short"});
    app.command<CountOptions>("other", "count otherwise", count);
    app.command<CountOptions>("talk", "prints before it opens its folder",
                              [](const CountOptions&, RunContext& context) {
                                std::printf("on %s\n", context.standard().device.c_str());
                                stop_if_requested();
                                request_stop();
                                context.run();
                                stop_if_requested();
                              })
        .without({"device", "data"});
    std::vector<const char*> argv = {"counter"};
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    const int code = run_app(static_cast<int>(argv.size()), argv.data(), app);
    std::fflush(nullptr);
    ::_exit(code);
  }
  if (meanwhile) meanwhile(child);
  int status = 0;
  ::waitpid(child, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status), slurp(logs / "out"), slurp(logs / "err")};
}

TEST(RunApp, HelpTeaches) {
  EXPECT_EQ(run({"--help"}).code, 0);
  EXPECT_HAS(run({"--help"}).out, "count otherwise");
  const Outcome help = run({"count", "--help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_HAS(help.out, "--pause-us N");
  EXPECT_HAS(help.out, "default 40; quick 3");
  EXPECT_EQ(help.err, "");
  const Outcome nothing = run({});
  EXPECT_EQ(nothing.code, 2);
  EXPECT_HAS(nothing.err, "Commands");
}

TEST(RunApp, ErrorsAreOneLineWithTheirCode) {
  const auto expect = [](const std::vector<std::string>& arguments, int code, const std::string& err) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, code);
    EXPECT_EQ(outcome.err, err);
  };
  expect({"cuont"}, 2, "error: unknown command \"cuont\". Did you mean count?\n");
  expect({"--seed", "3", "count"}, 2,
         "error: \"--seed\": the command comes first, its options after it; --help lists them\n");
  expect({"count", "--step", "3"}, 2, "error: unknown option \"--step\". Did you mean --steps?\n");
  expect({"count", "--steps", "x"}, 2, "error: --steps: expected a whole number between 1 and 100000, got \"x\"\n");
  expect({"count", "--config", "/none.json"}, 2, "error: cannot read /none.json: No such file or directory\n");
  expect({"count", "--fail", "error"}, 1, "error: it broke\n");
  expect({"count", "--fail", "memory"}, 1, "error: out of memory; try a smaller batch or model\n");
  expect({"count", "--fail", "other"}, 1, "error: unexpected: odd\n");
  expect({"count", "--fail", "usage"}, 2, "error: not like this\n");
  expect({"count", "--out", "/proc/none/x"}, 1,
         "error: cannot make the directory /proc/none/x: No such file or directory\n");
}

TEST(RunApp, ABadFolderIsToldBeforeAnythingIsDone) {
  TempDir dir;
  const Outcome bad = run({"talk", "--out", "/proc/none/x"});
  EXPECT_EQ(bad.code, 1);
  EXPECT_EQ(bad.out, "");
  EXPECT_EQ(bad.err, "error: cannot make the directory /proc/none/x: No such file or directory\n");
  // Work without steps can be stopped, too.
  const Outcome good = run({"talk", "--out", (dir / "run").string()});
  EXPECT_EQ(good.code, 130);
  EXPECT_EQ(good.out, "on cpu\n");
  EXPECT_EQ(good.err, "Stopped.\n");
}

TEST(RunApp, WhatACommandLacksIsNotTaken) {
  EXPECT_EQ(run({"talk", "--device", "cuda"}).err, "error: --device: talk runs on the CPU only\n");
  EXPECT_EQ(run({"talk", "--data", "x"}).err, "error: --data: talk has no use for it\n");
  EXPECT_EQ(run({"talk", "--data", "x"}).code, 2);
  EXPECT_HAS_NOT(run({"talk", "--help"}).out, "--device");
  EXPECT_HAS(run({"count", "--help"}).out, "--device");
}

TEST(RunApp, AFinishedRunIsLeftAlone) {
  TempDir dir;
  const std::string out = (dir / "run").string();
  ASSERT_EQ(run({"count", "--out", out, "--quick"}).code, 0);
  const std::string metrics = slurp(dir / "run/metrics.jsonl");
  EXPECT_EQ(std::count(metrics.begin(), metrics.end(), '\n'), 3);
  const Outcome resumed = run({"count", "--resume", out});
  EXPECT_EQ(resumed.code, 0);
  EXPECT_HAS(resumed.out, "finished already");
  const Outcome again = run({"count", "--out", out});
  EXPECT_EQ(again.code, 1);
  EXPECT_HAS(again.err, "holds a finished run");
  EXPECT_EQ(slurp(dir / "run/metrics.jsonl"), metrics);
  EXPECT_EQ(run({"count", "--out", out, "--force"}).code, 0);
  EXPECT_HAS(run({"other", "--resume", out}).err, "is for the command the string \"count\", this is \"other\"");
}

TEST(RunApp, CtrlCStopsAtAStepAndSaysHowToGoOn) {
  TempDir dir;
  const std::string out = (dir / "run").string();
  ASSERT_EQ(run({"count", "--out", (dir / "whole").string(), "--steps", "300"}).code, 0);
  for (const int signal : {SIGINT, SIGTERM}) {
    fs::remove_all(dir / "run");
    const Outcome stopped = run({"count", "--out", out, "--steps", "300", "--pause-us", "3000"}, [&](pid_t child) {
      while (slurp(dir / "run/metrics.jsonl").size() < 100) ::usleep(1000);
      ::kill(child, signal);
    });
    EXPECT_EQ(stopped.code, 128 + signal);
    EXPECT_HAS(stopped.err, "Stopped after step ");
    EXPECT_HAS(stopped.err, "To go on: ./run app counter count --resume " + out + "\n");
    ASSERT_EQ(run({"count", "--resume", out, "--pause-us", "0"}).code, 0);
    EXPECT_EQ(slurp(dir / "run/metrics.jsonl"), slurp(dir / "whole/metrics.jsonl"));
    EXPECT_EQ(slurp(dir / "run/summary.json"), slurp(dir / "whole/summary.json"));
  }
}

TEST(RunApp, ASecondCtrlCEndsAtOnce) {
  TempDir dir;
  const std::string out = (dir / "run").string();
  const Outcome stopped = run({"count", "--out", out, "--pause-us", "20000000"}, [&](pid_t child) {
    // The app is in its long rest; the first signal wakes it, so both are sent before it can run on.
    while (slurp(dir / "run/metrics.jsonl").empty()) ::usleep(1000);
    ::kill(child, SIGSTOP);
    ::kill(child, SIGINT);
    ::kill(child, SIGTERM);
    ::kill(child, SIGCONT);
  });
  EXPECT_TRUE(stopped.code == 130 || stopped.code == 143) << stopped.code;
  EXPECT_HAS_NOT(stopped.err, "Stopped after");
}

TEST(RunApp, KilledAtAnyMomentItResumesToTheSameBytes) {
  TempDir dir;
  ASSERT_EQ(run({"count", "--out", (dir / "whole").string(), "--steps", "60", "--seed", "5"}).code, 0);
  for (int round = 0; round < 20; ++round) {
    fs::remove_all(dir / "run");
    const std::string out = (dir / "run").string();
    run({"count", "--out", out, "--steps", "60", "--seed", "5", "--pause-us", "200"}, [&](pid_t child) {
      ::usleep(static_cast<useconds_t>(1000 + 1700 * round));
      ::kill(child, SIGKILL);
    });
    // Killed before its configuration was written there is nothing to resume, and the folder can be used anew.
    const bool started = fs::exists(dir / "run/config.json");
    const Outcome again = started ? run({"count", "--resume", out, "--pause-us", "0"})
                                  : run({"count", "--out", out, "--steps", "60", "--seed", "5"});
    ASSERT_EQ(again.code, 0) << again.err;
    ASSERT_EQ(slurp(dir / "run/metrics.jsonl"), slurp(dir / "whole/metrics.jsonl"));
    ASSERT_EQ(slurp(dir / "run/summary.json"), slurp(dir / "whole/summary.json"));
  }
}

}  // namespace
}  // namespace gg::apps
