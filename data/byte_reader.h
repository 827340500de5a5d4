// ByteReader: a file from front to back, unpacked on the way if it is gzip. For readers of formats that announce sizes:
// they ask `at_most` before they believe one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace gg::data {

class ByteReader {
 public:
  enum Packing { plain, maybe_gzip };

  /// Opens a regular file; throws gg::Error with the path and the system's reason. Whether it is gzip is told by its
  /// first two bytes, not by its name.
  explicit ByteReader(const std::filesystem::path& path, Packing packing = maybe_gzip);
  ~ByteReader();
  ByteReader(const ByteReader&) = delete;
  ByteReader& operator=(const ByteReader&) = delete;

  /// Reads exactly `n` bytes. Throws, naming `what`, if the file ends before, or if packed data is damaged.
  void read(void* out, size_t n, std::string_view what);
  /// Reads what is there, at most `n` bytes, and returns how many: 0 only at the end of the file.
  size_t read_up_to(void* out, size_t n);
  /// Everything up to the end of the file.
  std::string rest();
  /// Throws unless everything was read, checksums included.
  void expect_end();
  /// An upper bound of the bytes still to come: exact for a plain file, 1040 times the packed bytes for gzip, whose
  /// format cannot pack better.
  uint64_t at_most() const;
  const std::filesystem::path& path() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gg::data
