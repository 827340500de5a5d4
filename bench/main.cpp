// gg_bench: how fast this is, next to what the machine can do and, where Debian's libtorch-dev was installed when this
// was built, next to libtorch on the same tasks in the same minutes. Timings depend on what else the machine does: read
// ratios, and never make a test of them.
//
// Read tasks.h for what is measured, measure.h for how, report.cpp for what the rows cost at least.
#include <fmt/format.h>
#include <unistd.h>
#include <dnnl.hpp>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "bench/process.h"
#include "bench/report.h"
#include "bench/tasks.h"
#include "core/device_info.h"
#include "core/error.h"
#include "core/isa.h"
#include "core/parallel.h"
#include "data/atomic_file.h"

namespace gg::bench {
namespace {

std::string processor_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

std::string date() {
  std::time_t t = std::time(nullptr);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", std::gmtime(&t));
  return text;
}

std::string peer_path() {
  auto path = std::filesystem::path(own_path()).parent_path() / "gg_bench_peer_libtorch";
  return std::filesystem::exists(path) ? path.string() : "";
}

// What keeps glibc from giving memory back to the system between steps, and an OpenBLAS that shares OpenMP's threads
// with ATen instead of fighting for cores with a pool of its own.
Environment tuned_environment() {
  Environment e = {{"MALLOC_TRIM_THRESHOLD_", "8000000000"},
                   {"MALLOC_TOP_PAD_", "64000000"},
                   {"MALLOC_MMAP_THRESHOLD_", "8000000000"}};
  for (const char* folder :
       {"/usr/lib/x86_64-linux-gnu/openblas-openmp", "/usr/lib/aarch64-linux-gnu/openblas-openmp"}) {
    if (std::filesystem::exists(folder)) e.push_back({"LD_LIBRARY_PATH", folder});
  }
  return e;
}

struct Options {
  std::string filter, json, child;
  Settings settings;
  int rounds = 3;
  bool peer = true;
};

// One line that the next one overwrites; nothing where nobody watches.
void progress(const std::string& what) {
  if (isatty(STDERR_FILENO)) fmt::print(stderr, "\r\033[K{}", what);
}

void run_everybody(const Options& o, Report& report) {
  const bool on_cpu = o.settings.device == "cpu";
  std::string peer = o.peer && on_cpu ? peer_path() : "", threads = std::to_string(o.settings.threads);
  std::string seconds = std::to_string(o.settings.seconds);
  if (peer.empty() && on_cpu) report.facts["libtorch"] = "not measured (install libtorch-dev and build anew)";
  for (const std::string& task : task_names()) {
    if (task.find(o.filter) == std::string::npos) continue;
    if (!on_cpu && task == "start") continue;  // it measures the host
    for (int round = 0; round < o.rounds; ++round) {
      for (Who who : kEverybody) {
        if (who != Who::ours && (peer.empty() || task == "families")) continue;  // those the peer does not have
        Environment e = who == Who::tuned ? tuned_environment() : Environment();
        for (const char* name : {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "GG_NUM_THREADS"})
          e.push_back({name, threads});
        progress(fmt::format("{} {}/{} {}", task, round + 1, o.rounds, name_of(who)));
        ProcessResult result = who == Who::ours
                                   ? run_process({own_path(), "--child", task, "--threads", threads, "--seconds",
                                                  seconds, "--device", o.settings.device, "--row", o.settings.row},
                                                 e)
                                   : run_process({peer, task, threads, seconds}, e);
        if (task == "start") {
          report.add("process with a first backward", who, result.wall_seconds);
          report.add("process with a first backward, CPU", who, result.cpu_seconds);
        }
        for (const ProcessRow& row : result.rows) report.add(row.name, who, row.value, row.work);
        for (const auto& [key, fact] : result.facts) report.facts[key + " (" + name_of(who) + ")"] = fact;
      }
    }
  }
  progress("");
}

void write_json(const Options& o, const Report& report) {
  if (o.json.empty()) return;
  data::AtomicFile file(o.json);
  file.write(to_json(report).dump(2) + "\n");
  file.commit();
}

int run(const Options& o) {
  set_num_threads(o.settings.threads);
  if (!o.child.empty()) {
    run_task(o.child, o.settings);
    return 0;
  }
  std::vector<std::string> names = task_names();
  bool any = std::any_of(names.begin(), names.end(), [&](auto& n) { return n.find(o.filter) != std::string::npos; });
  GG_CHECK(any, "bench: no task has '", o.filter,
           "' in its name. They are: ", fmt::format("{}", fmt::join(names, ", ")));
  Report report;
  report.threads = o.settings.threads;
  report.device = o.settings.device;
  const dnnl_version_t* v = dnnl_version();
  report.facts = {
      {"date", date()},
      {"processor", processor_name()},
      {"gradgrad", fmt::format("{}, {} kernels, g++ {}", GG_VERSION, cpu::name_of(cpu::isa()), __VERSION__)},
      {"oneDNN", fmt::format("{}.{}.{}", v->major, v->minor, v->patch)}};
  const Device device = parse_device(o.settings.device);
  check_available(device);
  if (device.is_cpu()) {
    progress("measuring the machine's limits");
    report.limits = measure_limits(o.settings);
  } else {
    report.facts["device"] = describe(device);
    report.limits.copy = report.limits.triad = measure_copy(device, o.settings);
  }
  run_everybody(o, report);
  if (device.is_cpu()) {
    // Once more, in case the machine was busier at the start: a limit is the best that was seen.
    Limits again = measure_limits(o.settings);
    report.limits.fma = std::max(report.limits.fma, again.fma);
    report.limits.copy = std::max(report.limits.copy, again.copy);
    report.limits.triad = std::max(report.limits.triad, again.triad);
  }
  fmt::print("{}", to_table(report));
  write_json(o, report);
  return 0;
}

}  // namespace
}  // namespace gg::bench

int main(int argc, char** argv) {
  gg::bench::Options o;
  CLI::App app("Measures speed against what the machine can do, and against libtorch where it is installed.",
               "gg_bench");
  app.add_option("--filter", o.filter, "only tasks with this in their name");
  app.add_option("--row", o.settings.row, "of the task \"families\": only rows with this in their name");
  app.add_option("--json", o.json, "write the results to this file as well");
  app.add_option("--threads", o.settings.threads, "1: CPU time of the calling thread; more: wall time")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app.add_option("--device", o.settings.device,
                 "cpu, cuda or emulated; others than cpu time what does not measure the host")
      ->capture_default_str();
  app.add_option("--rounds", o.rounds, "processes for each task, whose median is taken")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--seconds", o.settings.seconds, "of repetitions for each row in each round")
      ->check(CLI::Range(0.001, 3600.0))
      ->capture_default_str();
  app.add_flag("!--no-peer", o.peer, "do not measure libtorch");
  app.add_option("--child", o.child, "")->group("");  // how it calls itself: measure one task and tell the rows
  CLI11_PARSE(app, argc, argv);
  try {
    return gg::bench::run(o);
  } catch (const std::exception& e) {
    fmt::print(stderr, "{}\n", e.what());
    return 1;
  }
}
