#include "apps/common/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "apps/common/text.h"
#include "core/error.h"

namespace gg::apps {
std::string file_failure(std::string_view action, const std::filesystem::path& path, int error) {
  return one_line(data::file_failure(action, path, error));
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
    if (name.starts_with('.') && name.find(data::kTemporaryMark) != std::string::npos) {
      std::filesystem::remove(it->path(), ignored);
    }
  }
}

}  // namespace gg::apps
