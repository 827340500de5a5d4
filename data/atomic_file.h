// AtomicFile: a file that is either as it was or wholly new, whatever happens in between: a crash, a kill, a full disk.
#pragma once

#include <cstddef>
#include <filesystem>

namespace gg::data {

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
  /// Call once, last.
  void commit();

 private:
  [[noreturn]] void failed(int error) const;
  std::filesystem::path target_, temporary_;
  int fd_ = -1;
};

}  // namespace gg::data
