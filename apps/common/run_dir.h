// The folder that a run writes, from its first configuration to its report:
//
//   config.json     every option with its effective value; --config takes it
//   metrics.jsonl   what was measured, one line per step; no clock in it, so equal runs write equal bytes
//   timing.jsonl    how long things took
//   checkpoints/    what --resume goes on from
//   figures/        PNG and SVG, the same as in the report
//   profile.txt     with --profile: time and bytes of each kernel
//   trace.json      with --profile: every call of one, for chrome://tracing or ui.perfetto.dev
//   report.html     the page for people
//   summary.json    the final numbers; written last, so a run that has one is finished
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "apps/common/json_lines.h"

namespace gg::apps {

/// A run's folder, open for writing by this process alone (a second one is refused while this one lives).
class RunDir {
 public:
  /// Makes a new run folder and writes config.json, with "app" and "command" put before `config`'s keys.
  /// `out` empty: runs/<app>-<command>-<time>, made unique. Otherwise `out` itself, which must be missing or empty;
  /// with `force` it may hold an earlier run, whose files (those above, nothing else) are removed. Throws gg::Error:
  /// not empty, unwritable, disk full.
  static RunDir create(const std::string& app, const std::string& command, const std::filesystem::path& out, bool force,
                       const Json& config);

  /// Throws what create() would throw because of `out`, and leaves everything as it is (but for what a killed process
  /// left half written): for the beginning of a program, when it has not worked yet and may still find a mistake.
  static void check(const std::filesystem::path& out, bool force);

  /// Opens an existing run to go on with it. Call cut_back(step of the checkpoint) before appending.
  /// Throws gg::Error where it is no run folder or cannot be written.
  static RunDir open(const std::filesystem::path& directory);

  const std::filesystem::path& path() const { return path_; }
  bool resumed() const { return resumed_; }
  /// True where summary.json exists.
  bool finished() const;

  JsonLines& metrics() { return *metrics_; }
  JsonLines& timing() { return *timing_; }
  /// Drops what metrics and timing say of steps after `last_step`; -1 for a run without a checkpoint.
  void cut_back(std::int64_t last_step);

  /// The folder for checkpoints, which exists.
  std::filesystem::path checkpoints() const { return path_ / "checkpoints"; }
  /// True where a checkpoint has been written.
  bool has_checkpoint() const;

  /// Writes figures/<name> atomically and returns its path. `name` has its ending: "samples.png".
  std::filesystem::path write_figure(const std::string& name, std::string_view bytes) const;
  std::filesystem::path write_report(std::string_view html) const;
  /// Writes profile.txt and trace.json; returns the path of the latter.
  std::filesystem::path write_profile(std::string_view table, std::string_view trace) const;
  /// Marks the run as finished. Call it last.
  std::filesystem::path write_summary(const Json& summary) const;

 private:
  RunDir(std::filesystem::path path, bool resumed);

  std::filesystem::path path_;
  bool resumed_;
  UniqueFd lock_;
  std::unique_ptr<JsonLines> metrics_;
  std::unique_ptr<JsonLines> timing_;
};

}  // namespace gg::apps
