// gg_bench: how fast this is, next to what the machine can do and, where Debian's libtorch-dev was installed when this
// was built, next to libtorch on the same tasks in the same minutes; --pytorch adds the PyTorch of a Python. Timings
// depend on what else the machine does: read ratios, and never make a test of them.
//
// Read tasks.h for what is measured, measure.h for how, goals.cpp for what the rows cost at least.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>

#include "bench/machine.h"
#include "bench/page.h"
#include "bench/report.h"
#include "bench/rounds.h"
#include "bench/tasks.h"
#include "core/device_info.h"
#include "core/error.h"
#include "core/parallel.h"
#include "core/profiler.h"
#include "data/atomic_file.h"

namespace gg::bench {
namespace {

struct Options {
  std::string json, child, page, profile;
  std::vector<std::string> results;
  RoundOptions rounds;
};

void write_text(const std::string& path, const std::string& text) {
  data::AtomicFile file(path);
  file.write(text);
  file.commit();
}

// Ours alone, in this process: a profile of each task, and its trace in the folder o.profile.
void profile_tasks(const Options& o) {
  std::filesystem::create_directories(o.profile);
  for (const Task& task : tasks()) {
    if (std::string(task.name).find(o.rounds.filter) == std::string::npos) continue;
    const Profiler profiler;
    task.run(o.rounds.settings);
    const Profile profile = profiler.profile();
    const std::string path = o.profile + "/" + task.name + ".json";
    write_text(path, to_chrome_trace(profile));
    fmt::print("\n{}\nTrace: {}\n\n", to_table(profile), path);
  }
}

nlohmann::json read_json(const std::string& path) {
  std::ifstream file(path);
  nlohmann::json run = nlohmann::json::parse(file, nullptr, false);
  GG_CHECK(run.is_object() && run.contains("rows") && run.contains("limits") && run.contains("versions"),
           "bench: ", path, " is no result of gg_bench --json");
  return run;
}

void write_page(const Options& o) {
  GG_CHECK(!o.results.empty(), "bench: --page needs results to put on it: --page FILE RESULT.json ...");
  std::vector<nlohmann::json> runs;
  for (const std::string& path : o.results) runs.push_back(read_json(path));
  write_text(o.page, to_page(runs));
}

int run(const Options& o) {
  set_num_threads(o.rounds.settings.threads);
  if (!o.child.empty()) {
    const auto task = std::find_if(tasks().begin(), tasks().end(), [&](const Task& t) { return o.child == t.name; });
    GG_CHECK(task != tasks().end(), "bench: no task is called '", o.child, "'");
    task->run(o.rounds.settings);
    tell_peak();
    return 0;
  }
  if (!o.page.empty()) {
    write_page(o);
    return 0;
  }
  std::vector<std::string> names;
  for (const Task& task : tasks()) names.push_back(task.name);
  const bool any =
      std::any_of(names.begin(), names.end(), [&](auto& n) { return n.find(o.rounds.filter) != std::string::npos; });
  GG_CHECK(any, "bench: no task has '", o.rounds.filter,
           "' in its name. They are: ", fmt::format("{}", fmt::join(names, ", ")));
  if (!o.profile.empty()) {
    profile_tasks(o);
    return 0;
  }
  Report report;
  report.threads = o.rounds.settings.threads;
  report.device = o.rounds.settings.device;
  report.facts = machine_facts();
  report.facts["rounds"] = fmt::format("{} processes for each task, {} s for each of their rows", o.rounds.rounds,
                                       o.rounds.settings.seconds);
  const Device device = parse_device(o.rounds.settings.device);
  check_available(device);
  if (device.is_cpu()) {
    report.limits = measure_limits(o.rounds.settings);
  } else {
    report.facts["device"] = describe(device);
    report.limits.copy = report.limits.triad = measure_copy(device, o.rounds.settings);
  }
  const int failed = run_rounds(o.rounds, report);
  const nlohmann::json measured = to_json(report);
  fmt::print("{}", to_table(measured));
  if (!o.json.empty()) write_text(o.json, measured.dump(2) + "\n");
  return failed ? 1 : 0;
}

}  // namespace
}  // namespace gg::bench

int main(int argc, char** argv) {
  gg::bench::Options o;
  CLI::App app("Measures speed against what the machine can do, and against libtorch where it is installed.",
               "gg_bench");
  app.add_option("--filter", o.rounds.filter, "only tasks with this in their name");
  app.add_option("--row", o.rounds.settings.row, "of the task \"families\": only rows with this in their name");
  app.add_option("--json", o.json, "write the results to this file as well");
  app.add_option("--threads", o.rounds.settings.threads, "1: CPU time of the calling thread; more: wall time")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app.add_option("--device", o.rounds.settings.device,
                 "cpu, cuda or emulated; others than cpu time what does not measure the host")
      ->capture_default_str();
  app.add_option("--rounds", o.rounds.rounds, "processes for each task, whose median is taken")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--seconds", o.rounds.settings.seconds, "of repetitions for each row in each round")
      ->check(CLI::Range(0.001, 3600.0))
      ->capture_default_str();
  app.add_flag("!--no-peer", o.rounds.peer, "measure gradgrad only");
  app.add_option("--pytorch", o.rounds.python, "a Python interpreter that has PyTorch, which is measured, too");
  app.add_option("--profile", o.profile,
                 "time nothing: say what each kernel of our tasks takes, and write traces for Chrome to this folder");
  app.add_option("--page", o.page, "measure nothing: write results of --json, named after it, as a page to this file");
  app.add_option("results", o.results, "for --page");
  // How it calls itself: TASK THREADS SECONDS DEVICE, as the peers are called.
  std::vector<std::string> child;
  app.add_option("--child", child, "")->group("")->expected(4);
  CLI11_PARSE(app, argc, argv);
  try {
    if (!child.empty()) {
      o.child = child[0];
      o.rounds.settings.threads = std::stoi(child[1]);
      o.rounds.settings.seconds = std::stod(child[2]);
      o.rounds.settings.device = child[3];
    }
    return gg::bench::run(o);
  } catch (const std::exception& e) {
    fmt::print(stderr, "{}\n", e.what());
    return 1;
  }
}
