#include "apps/common/json_lines.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <optional>

#include "apps/common/text.h"
#include "core/error.h"

namespace gg::apps {
namespace {

/// The step of a line, or nothing where it is not a whole JSON object with an integer "step".
std::optional<std::int64_t> step_of(std::string_view line) {
  const Json value = Json::parse(line.begin(), line.end(), nullptr, false);
  if (!value.is_object()) return std::nullopt;
  const auto step = value.find("step");
  if (step == value.end() || !step->is_number_integer()) return std::nullopt;
  return step->get<std::int64_t>();
}

/// The bytes after the last newline of the file.
std::string tail_of(int fd, off_t size, const std::filesystem::path& path) {
  std::string tail;
  char buffer[4096];
  while (size > 0) {
    const auto want = static_cast<std::size_t>(std::min<off_t>(size, sizeof buffer));
    const ssize_t got = ::pread(fd, buffer, want, size - static_cast<off_t>(want));
    if (got < 0 && errno == EINTR) continue;
    if (got != static_cast<ssize_t>(want)) throw Error(file_failure("read", path, got < 0 ? errno : EIO));
    const std::string_view block(buffer, want);
    const std::size_t newline = block.rfind('\n');
    tail.insert(0, block.substr(newline == std::string_view::npos ? 0 : newline + 1));
    if (newline != std::string_view::npos) return tail;
    size -= static_cast<off_t>(want);
  }
  return tail;
}

}  // namespace

JsonLines::JsonLines(std::filesystem::path path) : path_(std::move(path)) { open(); }

void JsonLines::open() {
  fd_ = UniqueFd(::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
  struct stat status {};
  if (fd_.get() < 0 || ::fstat(fd_.get(), &status) != 0) throw Error(file_failure("open", path_, errno));
  if (!S_ISREG(status.st_mode)) return;
  const std::string tail = tail_of(fd_.get(), status.st_size, path_);
  if (tail.empty()) return;
  if (step_of(tail)) {
    write_all(fd_.get(), "\n", path_);
  } else if (::ftruncate(fd_.get(), status.st_size - static_cast<off_t>(tail.size())) != 0) {
    throw Error(file_failure("write", path_, errno));
  }
}

void JsonLines::append(std::int64_t step, const Json& values) {
  if (step < last_step_) {
    throw Error(fmt::format("{}: step {} after step {}; lines come in order", path_.string(), step, last_step_));
  }
  if (values.contains("step")) throw Error(fmt::format("{}: a row may not set \"step\" itself", path_.string()));
  Json row = Json::object();
  row["step"] = step;
  for (const auto& [key, value] : values.items()) row[key] = value;
  const off_t before = ::lseek(fd_.get(), 0, SEEK_END);
  try {
    write_all(fd_.get(), json_text(row) + "\n", path_);
  } catch (const Error&) {
    // A full disk may have taken half of the line; without it the file stays readable.
    [[maybe_unused]] const int result = before >= 0 ? ::ftruncate(fd_.get(), before) : -1;
    throw;
  }
  last_step_ = step;
}

void JsonLines::cut_back(std::int64_t last_step) {
  std::ifstream in(path_, std::ios::binary);
  if (!in) throw Error(file_failure("read", path_, errno));
  AtomicFile kept(path_);
  std::string line;
  std::int64_t previous = INT64_MIN;
  for (std::int64_t number = 1; std::getline(in, line); ++number) {
    const std::optional<std::int64_t> step = step_of(line);
    if (!step) {
      // Only the last line can be torn; damage before that is not ours to throw away.
      if (in.peek() == std::ifstream::traits_type::eof()) break;
      throw Error(fmt::format("{}: line {} is not a JSON object with a step; mend or remove it, then resume again",
                              path_.string(), number));
    }
    if (*step > last_step) break;
    kept.write(line + "\n");
    previous = *step;
  }
  if (in.bad()) throw Error(file_failure("read", path_, EIO));
  kept.commit();
  open();
  last_step_ = previous;
}

void JsonLines::sync() {
  if (::fsync(fd_.get()) != 0 && errno != EINVAL) throw Error(file_failure("write", path_, errno));
}

}  // namespace gg::apps
