#include "apps/common/run_dir.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <ctime>
#include <system_error>

#include "apps/common/text.h"
#include "core/error.h"

namespace gg::apps {
namespace {

namespace fs = std::filesystem;

// In the order of removal: what makes it a run goes last, so that an interrupted --force can be repeated.
constexpr const char* kRunEntries[] = {"summary.json", "report.html",   "profile.txt",  "trace.json", "figures",
                                       "checkpoints",  "metrics.jsonl", "timing.jsonl", "config.json"};

std::string time_stamp() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  ::localtime_r(&now, &local);
  char text[32];
  std::strftime(text, sizeof text, "%Y%m%d-%H%M%S", &local);
  return text;
}

/// Makes runs/<stem>, with -2, -3, ... behind where another run had the same idea in the same second.
fs::path make_unique_directory(const std::string& stem) {
  const fs::path parent = "runs";
  make_directories(parent);
  for (int i = 1; i < 1000; ++i) {
    const fs::path path = parent / (i == 1 ? stem : fmt::format("{}-{}", stem, i));
    if (::mkdir(path.c_str(), 0777) == 0) return path;
    if (errno != EEXIST) throw Error(file_failure("make the directory", path, errno));
  }
  throw Error(fmt::format("cannot make a new folder {} under runs", stem));
}

bool is_run(const fs::path& directory) {
  std::error_code code;
  if (!fs::is_regular_file(directory / "config.json", code)) return false;
  const Json config = Json::parse(read_file(directory / "config.json", std::size_t{16} << 20), nullptr, false);
  return config.is_object() && config.contains("app") && config.contains("command");
}

/// Throws unless `directory` is empty, or holds an earlier run and `force` is set. Returns whether it holds one.
bool check_content(const fs::path& directory, bool force) {
  remove_stale_temporaries(directory);
  std::error_code code;
  const bool empty = fs::is_empty(directory, code);
  if (code) throw Error(file_failure("read the directory", directory, code.value()));
  if (empty) return false;
  const std::string name = one_line(directory.string());
  if (!is_run(directory)) {
    throw Error(fmt::format("{} is not empty and holds no run; choose a new folder for --out", name));
  }
  if (!force) {
    const bool finished = fs::exists(directory / "summary.json", code);
    throw Error(finished ? fmt::format("{} holds a finished run; choose another --out, or --force to replace it", name)
                         : fmt::format("{} holds an unfinished run; --resume {} goes on with it, --force replaces it",
                                       name, name));
  }
  return true;
}

/// Makes sure that `directory` is empty, or holds an earlier run and `force` is set, which then goes.
void prepare_directory(const fs::path& directory, bool force) {
  if (!check_content(directory, force)) return;
  std::error_code code;
  for (const char* entry : kRunEntries) {
    fs::remove_all(directory / entry, code);
    if (code) throw Error(file_failure("remove", directory / entry, code.value()));
  }
}

UniqueFd lock_directory(const fs::path& directory) {
  UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0) throw Error(file_failure("open the directory", directory, errno));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    throw Error(fmt::format("{} is in use by another process; wait for it or choose another folder",
                            one_line(directory.string())));
  }
  return fd;
}

}  // namespace

RunDir::RunDir(fs::path path, bool resumed) : path_(std::move(path)), resumed_(resumed) {}

RunDir RunDir::create(const std::string& app, const std::string& command, const fs::path& out, bool force,
                      const Json& config) {
  RunDir run(out.empty() ? make_unique_directory(fmt::format("{}-{}-{}", app, command, time_stamp())) : out, false);
  if (!out.empty()) {
    make_directories(out);
    run.lock_ = lock_directory(out);  // before looking inside: --force must not empty a run that is going on
    prepare_directory(out, force);
  } else {
    run.lock_ = lock_directory(run.path_);
  }
  Json file = Json::object();
  file["app"] = app;
  file["command"] = command;
  for (const auto& [key, value] : config.items()) file[key] = value;
  write_file_atomically(run.path_ / "config.json", json_text(file, 2) + "\n");
  make_directories(run.checkpoints());
  make_directories(run.path_ / "figures");
  run.metrics_ = std::make_unique<JsonLines>(run.path_ / "metrics.jsonl");
  run.timing_ = std::make_unique<JsonLines>(run.path_ / "timing.jsonl");
  return run;
}

void RunDir::check(const fs::path& out, bool force) {
  std::error_code code;
  fs::path there = fs::absolute(out, code);
  const bool exists = fs::exists(there, code);
  while (!fs::exists(there, code) && there.has_relative_path()) there = there.parent_path();
  if (exists) {
    if (!fs::is_directory(there, code)) throw Error(file_failure("make the directory", out, ENOTDIR));
    const UniqueFd lock = lock_directory(out);
    check_content(out, force);
  }
  // Trying it is the only way to know: permissions, read-only disks and folders like /proc all differ.
  std::string trial = (there / fmt::format(".trial{}XXXXXX", data::kTemporaryMark)).string();
  if (::mkdtemp(trial.data()) == nullptr) {
    throw Error(file_failure(exists ? "write into the directory" : "make the directory", out, errno));
  }
  ::rmdir(trial.c_str());
}

RunDir RunDir::open(const fs::path& directory) {
  RunDir run(directory, true);
  run.lock_ = lock_directory(directory);
  if (!is_run(directory)) {
    throw Error(fmt::format("{} holds no run (a config.json with app and command)", one_line(directory.string())));
  }
  make_directories(run.checkpoints());
  make_directories(directory / "figures");
  for (const fs::path& place : {directory, run.checkpoints(), directory / "figures"}) remove_stale_temporaries(place);
  run.metrics_ = std::make_unique<JsonLines>(directory / "metrics.jsonl");
  run.timing_ = std::make_unique<JsonLines>(directory / "timing.jsonl");
  return run;
}

void RunDir::cut_back(std::int64_t last_step) {
  metrics_->cut_back(last_step);
  timing_->cut_back(last_step);
}

bool RunDir::finished() const {
  std::error_code code;
  return fs::exists(path_ / "summary.json", code);
}

bool RunDir::has_checkpoint() const {
  std::error_code code;
  return fs::exists(checkpoints(), code) && !fs::is_empty(checkpoints(), code);
}

fs::path RunDir::write_figure(const std::string& name, std::string_view bytes) const {
  const fs::path path = path_ / "figures" / name;
  write_file_atomically(path, bytes);
  return path;
}

fs::path RunDir::write_report(std::string_view html) const {
  write_file_atomically(path_ / "report.html", html);
  return path_ / "report.html";
}

fs::path RunDir::write_profile(std::string_view table, std::string_view trace) const {
  write_file_atomically(path_ / "profile.txt", table);
  write_file_atomically(path_ / "trace.json", trace);
  return path_ / "trace.json";
}

fs::path RunDir::write_summary(const Json& summary) const {
  write_file_atomically(path_ / "summary.json", json_text(summary, 2) + "\n");
  return path_ / "summary.json";
}

}  // namespace gg::apps
