// Files that are either as they were or wholly new, whatever happens in between: a crash, `kill -9`, a full disk.
// Everything a run writes goes through here, or through json_lines.h where it grows by lines.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace gg::apps {

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

/// Writes a temporary file beside `target`; commit() makes it durable (fsync), moves it into place (rename) and makes
/// the move durable (fsync of the directory). Without commit() the target stays untouched and the temporary goes away.
/// Every failure throws gg::Error with the target's path and the system's reason (disk full, no permission, ...).
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path target);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::string_view bytes);
  void write(std::span<const std::byte> bytes);
  /// Call once, last. After it the target holds exactly the bytes written.
  void commit();

 private:
  std::filesystem::path target_;
  std::filesystem::path temporary_;
  UniqueFd fd_;
};

/// AtomicFile in one call.
void write_file_atomically(const std::filesystem::path& target, std::string_view bytes);

/// The whole file. Throws gg::Error when it is missing, unreadable, a directory, or larger than `limit_bytes`.
std::string read_file(const std::filesystem::path& path, std::size_t limit_bytes);

/// Writes all of `bytes` to `fd`, retrying after signals and short writes. Throws gg::Error naming `path`.
void write_all(int fd, std::string_view bytes, const std::filesystem::path& path);

/// Makes `directory` and its parents. Throws gg::Error where that fails or something else has the name.
void make_directories(const std::filesystem::path& directory);

/// Removes the temporary files that a killed process left in `directory`. Call only while no one else writes there.
void remove_stale_temporaries(const std::filesystem::path& directory);

/// Makes past renames and creations in `directory` durable.
void sync_directory(const std::filesystem::path& directory);

/// "cannot <action> <path>: <reason>", with advice for the reasons that people can mend. `error` is an errno.
std::string file_failure(std::string_view action, const std::filesystem::path& path, int error);

}  // namespace gg::apps
