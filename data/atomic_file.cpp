#include "data/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <system_error>
#include <utility>

#include "core/error.h"

namespace gg::data {
namespace {

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path target) : target_(std::move(target)) {
  static std::atomic<unsigned> counter{0};
  temporary_ = folder_of(target_) /
               str(".", target_.filename().string(), ".gg-tmp-", static_cast<int64_t>(::getpid()), "-", counter++);
  fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd_ < 0) failed(errno);
}

AtomicFile::~AtomicFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::failed(int error) const {
  const char* advice = error == ENOSPC || error == EDQUOT ? "; free some space or choose another place"
                       : error == ENOENT                  ? "; does its folder exist?"
                       : error == EACCES || error == EPERM || error == EROFS ? "; choose a place you may write to"
                                                                             : "";
  fail("cannot write ", target_.string(), ": ", std::generic_category().message(error), advice);
}

void AtomicFile::write(const void* bytes, size_t n) {
  const char* p = static_cast<const char*>(bytes);
  while (n > 0) {
    ssize_t done = ::write(fd_, p, n);
    if (done < 0) {
      if (errno == EINTR) continue;
      failed(errno);
    }
    p += done;
    n -= static_cast<size_t>(done);
  }
}

void AtomicFile::commit() {
  if (::fsync(fd_) != 0) failed(errno);
  // Network file systems report a full disk as late as here. The descriptor is gone in any case.
  int closed = ::close(std::exchange(fd_, -1));
  if (closed != 0 && errno != EINTR) failed(errno);
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) failed(errno);
  temporary_.clear();
  int folder = ::open(folder_of(target_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) failed(errno);
  int synced = ::fsync(folder), error = errno;
  ::close(folder);
  // Some file systems cannot sync a folder and say EINVAL; the renaming is atomic even so.
  if (synced != 0 && error != EINVAL) failed(error);
}

}  // namespace gg::data
