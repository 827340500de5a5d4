#include "apps/common/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include "apps/common/text.h"
#include "core/error.h"

namespace gg::apps {
namespace {

constexpr std::string_view kTemporaryMark = ".gg-tmp-";

std::filesystem::path parent_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

std::filesystem::path temporary_name(const std::filesystem::path& target) {
  static std::atomic<unsigned> counter{0};
  return parent_of(target) /
         fmt::format(".{}{}{}-{}", target.filename().string(), kTemporaryMark, ::getpid(), counter++);
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
  std::string advice;
  if (error == ENOSPC || error == EDQUOT) advice = "; free some space or choose another place";
  if (error == EACCES || error == EPERM || error == EROFS) advice = "; choose a place that you may write to";
  return fmt::format("cannot {} {}: {}{}", action, one_line(path.string()), std::generic_category().message(error),
                     advice);
}

void write_all(int fd, std::string_view bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      throw Error(file_failure("write", path, errno));
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void sync_directory(const std::filesystem::path& directory) {
  const UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0) throw Error(file_failure("open the directory", directory, errno));
  // Some file systems (network mounts) cannot sync a directory and say EINVAL; the rename is atomic even so.
  if (::fsync(fd.get()) != 0 && errno != EINVAL) throw Error(file_failure("sync the directory", directory, errno));
}

AtomicFile::AtomicFile(std::filesystem::path target) : target_(std::move(target)), temporary_(temporary_name(target_)) {
  fd_ = UniqueFd(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (fd_.get() < 0) {
    temporary_.clear();
    throw Error(file_failure("write", target_, errno));
  }
}

AtomicFile::~AtomicFile() {
  fd_.reset();
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::string_view bytes) { write_all(fd_.get(), bytes, target_); }

void AtomicFile::write(std::span<const std::byte> bytes) {
  write(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

void AtomicFile::commit() {
  if (::fsync(fd_.get()) != 0) throw Error(file_failure("write", target_, errno));
  // Network and quota file systems report a full disk as late as close.
  if (::close(fd_.release()) != 0 && errno != EINTR) throw Error(file_failure("write", target_, errno));
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) throw Error(file_failure("write", target_, errno));
  temporary_.clear();
  sync_directory(parent_of(target_));
}

void write_file_atomically(const std::filesystem::path& target, std::string_view bytes) {
  AtomicFile file(target);
  file.write(bytes);
  file.commit();
}

std::string read_file(const std::filesystem::path& path, std::size_t limit_bytes) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) throw Error(file_failure("read", path, errno));
  std::string bytes;
  char buffer[1 << 16];
  while (true) {
    const ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw Error(file_failure("read", path, errno));
    if (got == 0) return bytes;
    bytes.append(buffer, static_cast<std::size_t>(got));
    if (bytes.size() > limit_bytes) {
      throw Error(fmt::format("cannot read {}: it is larger than {} bytes, the most this kind of file may have",
                              one_line(path.string()), limit_bytes));
    }
  }
}

void make_directories(const std::filesystem::path& directory) {
  std::error_code code;
  std::filesystem::create_directories(directory, code);
  if (code) throw Error(file_failure("make the directory", directory, code.value()));
  if (!std::filesystem::is_directory(directory, code)) {
    throw Error(file_failure("make the directory", directory, ENOTDIR));
  }
}

void remove_stale_temporaries(const std::filesystem::path& directory) {
  std::error_code code;
  for (std::filesystem::directory_iterator it(directory, code), end; !code && it != end; it.increment(code)) {
    const std::string name = it->path().filename().string();
    std::error_code ignored;
    if (name.starts_with('.') && name.find(kTemporaryMark) != std::string::npos) {
      std::filesystem::remove(it->path(), ignored);
    }
  }
}

}  // namespace gg::apps
