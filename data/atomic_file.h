// AtomicFile: a file that is either as it was or wholly new, whatever happens in between: a crash, a kill, a full disk.
// Everything that the library and the apps write goes through here.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace gg::data {

/// A file descriptor that closes itself.
class UniqueFd {
 public:
  explicit UniqueFd(int fd = -1) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept;
  ~UniqueFd() { reset(); }

  int get() const { return fd_; }
  int release();
  void reset();

 private:
  int fd_;
};

/// Part of the names of temporary files: ".NAME.gg-tmp-PID-NUMBER", beside their target.
inline constexpr std::string_view kTemporaryMark = ".gg-tmp-";

/// Writes a temporary file beside `target`; commit() makes it durable (fsync), renames it over the target and makes the
/// renaming durable. Without commit() the target stays as it was and the temporary file is removed.
/// Every failure throws gg::Error with the target's path and the system's reason.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path target);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* bytes, size_t n);
  void write(std::string_view bytes) { write(bytes.data(), bytes.size()); }
  /// Call once, last.
  void commit();

 private:
  std::filesystem::path target_, temporary_;
  UniqueFd fd_;
};

/// Writes all of `bytes` to `fd`, retrying after signals and short writes. Throws gg::Error naming `path`.
void write_all(int fd, std::string_view bytes, const std::filesystem::path& path);

/// Makes past renames and creations in `directory` durable.
void sync_directory(const std::filesystem::path& directory);

/// "cannot <action> <path>: <reason>", with advice for the reasons that people can mend. `error` is an errno.
std::string file_failure(std::string_view action, const std::filesystem::path& path, int error);

}  // namespace gg::data
