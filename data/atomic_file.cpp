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

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = other.release();
  }
  return *this;
}

int UniqueFd::release() { return std::exchange(fd_, -1); }

void UniqueFd::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

std::string file_failure(std::string_view action, const std::filesystem::path& path, int error) {
  const char* advice = error == ENOSPC || error == EDQUOT ? "; free some space or choose another place"
                       : error == EACCES || error == EPERM || error == EROFS ? "; choose a place that you may write to"
                                                                             : "";
  return str("cannot ", action, " ", path.string(), ": ", std::generic_category().message(error), advice);
}

void write_all(int fd, std::string_view bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      throw Error(file_failure("write", path, errno));
    }
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

void sync_directory(const std::filesystem::path& directory) {
  UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0) throw Error(file_failure("open the directory", directory, errno));
  // Some file systems (network mounts) cannot sync a directory and say EINVAL; the renaming is atomic even so.
  if (::fsync(fd.get()) != 0 && errno != EINVAL) throw Error(file_failure("sync the directory", directory, errno));
}

AtomicFile::AtomicFile(std::filesystem::path target) : target_(std::move(target)) {
  static std::atomic<unsigned> counter{0};
  temporary_ = folder_of(target_) /
               str(".", target_.filename().string(), kTemporaryMark, static_cast<int64_t>(::getpid()), "-", counter++);
  fd_ = UniqueFd(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (fd_.get() < 0) {
    int error = errno;
    throw Error(file_failure("write", target_, error) + (error == ENOENT ? "; does its folder exist?" : ""));
  }
}

AtomicFile::~AtomicFile() {
  fd_.reset();
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(const void* bytes, size_t n) {
  write_all(fd_.get(), std::string_view(static_cast<const char*>(bytes), n), target_);
}

void AtomicFile::commit() {
  if (::fsync(fd_.get()) != 0) throw Error(file_failure("write", target_, errno));
  // Network and quota file systems report a full disk as late as here. The descriptor is gone in any case.
  if (::close(fd_.release()) != 0 && errno != EINTR) throw Error(file_failure("write", target_, errno));
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) throw Error(file_failure("write", target_, errno));
  temporary_.clear();
  sync_directory(folder_of(target_));
}

}  // namespace gg::data
