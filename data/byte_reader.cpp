#include "data/byte_reader.h"

#include <sys/stat.h>
#include <zlib.h>
#include <vector>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>

#include "core/error.h"

namespace gg::data {

namespace {
constexpr uint64_t kLargestGzipRatio =
    1040;  // deflate spends at least one bit on 258 bytes twice over: 1032, rounded up
}

struct ByteReader::State {
  explicit State(const std::filesystem::path& p) : path(p) {
    file = std::fopen(path.c_str(), "rb");
    GG_CHECK(file, "cannot open ", path.string(), ": ", std::generic_category().message(errno));
    struct stat info {};
    if (::fstat(::fileno(file), &info) != 0 || !S_ISREG(info.st_mode)) {
      std::fclose(file);
      fail("cannot read ", path.string(), ": it is not a regular file");
    }
    unread = static_cast<uint64_t>(info.st_size);
  }
  ~State() {
    if (gzip) inflateEnd(&z);
    std::fclose(file);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // Fills the empty buffer from the file; false at its end.
  bool fill() {
    size_t got = std::fread(buffer.data(), 1, buffer.size(), file);
    GG_CHECK(got > 0 || !std::ferror(file), "cannot read ", path.string(), ": ",
             std::generic_category().message(errno));
    unread -= std::min<uint64_t>(unread, got);
    next = buffer.data();
    available = got;
    return got > 0;
  }

  void start_gzip() {
    gzip = inflateInit2(&z, 16 + MAX_WBITS) == Z_OK;
    GG_CHECK(gzip, "cannot read ", path.string(), ": zlib does not start");
  }

  // At most n bytes; 0 only at the end.
  size_t read_some(unsigned char* out, size_t n) {
    if (!gzip) {
      if (available == 0 && !fill()) return 0;
      size_t take = std::min(n, available);
      std::memcpy(out, next, take);
      next += take;
      available -= take;
      return take;
    }
    while (true) {
      if (member_done) {
        if (available == 0 && !fill()) return 0;
        GG_CHECK(*next == 0x1f, path.string(), " has bytes after the end of its gzip data; is it two files in one?");
        inflateReset(&z);  // a further member, as `cat a.gz b.gz` makes
        member_done = false;
      }
      if (available == 0) GG_CHECK(fill(), path.string(), " is cut off: its gzip data ends early");
      z.next_in = next;
      z.avail_in = static_cast<uInt>(available);
      z.next_out = out;
      z.avail_out = static_cast<uInt>(std::min<size_t>(n, 1 << 30));
      uInt asked = z.avail_out;
      int code = inflate(&z, Z_NO_FLUSH);
      next = z.next_in;
      available = z.avail_in;
      GG_CHECK(code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR, path.string(),
               " is damaged: ", z.msg ? z.msg : "its gzip data cannot be unpacked");
      member_done = code == Z_STREAM_END;
      if (size_t got = asked - z.avail_out) return got;
    }
  }

  std::filesystem::path path;
  std::FILE* file = nullptr;
  uint64_t unread = 0;
  std::array<unsigned char, 1 << 16> buffer;
  unsigned char* next = nullptr;
  size_t available = 0;
  bool gzip = false;
  bool member_done = false;
  z_stream z{};
};

ByteReader::ByteReader(const std::filesystem::path& path, Packing packing) : state_(std::make_unique<State>(path)) {
  State& s = *state_;
  if (s.fill() && packing == maybe_gzip && s.available >= 2 && s.next[0] == 0x1f && s.next[1] == 0x8b) s.start_gzip();
}

ByteReader::~ByteReader() = default;

void ByteReader::read(void* out, size_t n, std::string_view what) {
  auto* to = static_cast<unsigned char*>(out);
  size_t total = n;
  while (n > 0) {
    size_t got = state_->read_some(to, n);
    GG_CHECK(got > 0, state_->path.string(), " is cut off: it ends ", n, " bytes before the end of its ", what, " (",
             total, " bytes)");
    to += got;
    n -= got;
  }
}

size_t ByteReader::read_up_to(void* out, size_t n) {
  return n == 0 ? 0 : state_->read_some(static_cast<unsigned char*>(out), n);
}

std::string ByteReader::rest() {
  std::string all;
  std::vector<char> piece(size_t{1} << 16);
  while (const size_t got = read_up_to(piece.data(), piece.size())) all.append(piece.data(), got);
  return all;
}

void ByteReader::expect_end() {
  unsigned char extra;
  GG_CHECK(state_->read_some(&extra, 1) == 0, state_->path.string(),
           " is longer than its header says: bytes follow its last element");
}

uint64_t ByteReader::at_most() const {
  uint64_t packed = state_->unread + state_->available;
  return state_->gzip ? packed * kLargestGzipRatio + state_->buffer.size() : packed;
}

const std::filesystem::path& ByteReader::path() const { return state_->path; }

}  // namespace gg::data
