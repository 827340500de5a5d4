// A file that grows by one JSON object per line: metrics.jsonl, timing.jsonl. Each line reaches the system at once, so
// a killed program loses nothing but, at worst, the line being written.
#pragma once

#include <cstdint>
#include <filesystem>

#include "apps/common/atomic_file.h"
#include "apps/common/json_text.h"

namespace gg::apps {

class JsonLines {
 public:
  /// Opens or creates the file for appending. A torn last line (no newline at its end) is cut off, unless it is whole
  /// and only the newline is missing. Throws gg::Error.
  explicit JsonLines(std::filesystem::path path);

  /// Appends {"step": step, ...values}. Lines must come in order of step; several may share one. The text depends on
  /// the arguments alone (no clock), so equal runs make equal bytes; NaN and infinities become null. Throws gg::Error:
  /// for a step that goes backwards, or where writing fails; then the file is cut back to its last whole line.
  void append(std::int64_t step, const Json& values);

  /// Keeps the lines with step <= last_step, byte for byte, and drops the rest, a torn line included. Atomic: killed at
  /// any moment, the file is either as before or wholly cut. Throws gg::Error naming the line where one to be kept is
  /// damaged; nothing is changed then.
  void cut_back(std::int64_t last_step);

  /// Makes all lines durable against power loss. Call it before writing a checkpoint that counts on them.
  void sync();

  const std::filesystem::path& path() const { return path_; }

 private:
  void open();

  std::filesystem::path path_;
  UniqueFd fd_;
  std::int64_t last_step_ = INT64_MIN;
};

}  // namespace gg::apps
