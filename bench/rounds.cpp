#include "bench/rounds.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "bench/goals.h"
#include "bench/process.h"
#include "bench/tasks.h"
#include "core/error.h"

namespace gg::bench {
namespace {

std::string peer_path() {
  auto path = std::filesystem::path(own_path()).parent_path() / "gg_bench_peer_libtorch";
  return std::filesystem::exists(path) ? path.string() : "";
}

// Where Debian has an OpenBLAS that shares OpenMP's threads with ATen, instead of fighting for cores with a pool of its
// own. Empty where it is not installed.
std::string openmp_blas() {
  for (const char* folder :
       {"/usr/lib/x86_64-linux-gnu/openblas-openmp", "/usr/lib/aarch64-linux-gnu/openblas-openmp"}) {
    if (std::filesystem::exists(folder)) return folder;
  }
  return "";
}

// That, and what keeps glibc from giving memory back to the system between steps.
Environment tuned_environment() {
  Environment e = {{"MALLOC_TRIM_THRESHOLD_", "8000000000"},
                   {"MALLOC_TOP_PAD_", "64000000"},
                   {"MALLOC_MMAP_THRESHOLD_", "8000000000"}};
  if (const std::string folder = openmp_blas(); !folder.empty()) e.push_back({"LD_LIBRARY_PATH", folder});
  return e;
}

void add_libtorch_facts(Report& report) {
  // Its own number is that of its headers; Debian's says which release of them it is.
  const std::string package = output_of({"dpkg-query", "-W", "-f", "${Version}", "libtorch-dev"});
  if (!package.empty()) report.facts["libtorch, Debian's package"] = package;
  if (openmp_blas().empty()) {
    report.facts["libtorch, tuned"] =
        "libopenblas0-openmp is not installed: its products run as those of stock, only its memory allocator is tuned";
  }
}

// One line that the next one overwrites; nothing where nobody watches.
void progress(const std::string& what) {
  if (isatty(STDERR_FILENO)) fmt::print(stderr, "\r\033[K{}", what);
}

struct Competitor {
  Who who;
  std::vector<std::string> command;  ///< to which task, threads, seconds and device are added
  Environment environment = {};
};

std::vector<Competitor> competitors(const RoundOptions& o, Report& report) {
  std::vector<Competitor> all = {{Who::ours, {own_path(), "--row", o.settings.row, "--child"}}};
  if (!o.peer) return all;
  if (o.settings.device == "cpu") {
    if (std::string peer = peer_path(); !peer.empty()) {
      all.push_back({Who::stock, {peer}});
      all.push_back({Who::tuned, {peer}, tuned_environment()});
      add_libtorch_facts(report);
    } else {
      report.facts["libtorch"] = "not measured (install libtorch-dev and build anew)";
    }
  }
  if (!o.python.empty()) all.push_back({Who::pytorch, {o.python, "-Wignore", GG_PEER_TORCH}});
  return all;
}

// Whether any of the rows is read against a limit.
bool counts_work(const ProcessResult& result) {
  return std::any_of(result.rows.begin(), result.rows.end(), [](const ProcessRow& row) {
    const Work known = facts_of(row.name, "cpu").work;
    return row.work.bytes > 0 || row.work.flops > 0 || known.bytes > 0 || known.flops > 0;
  });
}

// Where there is no memory for that, rows are read against the best limits that were seen.
void add_limits(Report& report, const std::string& task, const Settings& settings) {
  try {
    report.add_limits(task, measure_limits(settings));
  } catch (const Error&) {
  }
}

}  // namespace

int run_rounds(const RoundOptions& o, Report& report) {
  int failed = 0;
  const std::string threads = std::to_string(o.settings.threads), seconds = std::to_string(o.settings.seconds);
  const std::vector<Competitor> everybody = competitors(o, report);
  for (const Task& task : tasks()) {
    const std::string name = task.name;
    if (name.find(o.filter) == std::string::npos) continue;
    if (task.traits.host_only && o.settings.device != "cpu") continue;
    for (int round = 0; round < o.rounds; ++round) {
      for (const Competitor& c : everybody) {
        if (!task.traits.libtorch && (c.who == Who::stock || c.who == Who::tuned)) continue;
        if (!task.traits.pytorch && c.who == Who::pytorch) continue;
        Environment e = c.environment;
        for (const char* variable : {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "GG_NUM_THREADS"})
          e.push_back({variable, threads});
        std::vector<std::string> command = c.command;
        command.insert(command.end(), {name, threads, seconds, o.settings.device});
        progress(fmt::format("{} {}/{} {}", name, round + 1, o.rounds, name_of(c.who)));
        ProcessResult result;
        try {
          // The first start of a program reads it from the disk, and does not count.
          if (name == "start" && round == 0) run_process(command, e);
          result = run_process(command, e);
        } catch (const Error& error) {
          fmt::print(stderr, "{} of {}, whose rows are missing: {}\n", name, name_of(c.who), error.what());
          ++failed;
          continue;
        }
        if (c.who == Who::ours && o.settings.device == "cpu" && counts_work(result)) {
          add_limits(report, name, o.settings);
        }
        if (name == "start") report.add(name, "process with a first backward", c.who, result.wall_seconds);
        for (const ProcessRow& row : result.rows) report.add(name, row.name, c.who, row.value, row.work);
        for (const auto& [key, fact] : result.facts) report.facts[key + " (" + name_of(c.who) + ")"] = fact;
        // The memory of a process that measures several things is nobody's.
        if (result.rows.size() == 1 && name != "start") report.peaks[name][c.who].push_back(result.peak_mib);
      }
    }
  }
  progress("");
  return failed;
}

}  // namespace gg::bench
