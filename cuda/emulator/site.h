// Where in a kernel something happened.
#pragma once

#include <cstring>
#include <source_location>

namespace gg::emulator {

/// As a default argument: the line of the caller's call.
using Here = std::source_location;

struct Site {
  const char* file = nullptr;
  int line = 0;

  Site() = default;
  Site(const Here& here) : file(here.file_name()), line(static_cast<int>(here.line())) {}

  bool operator==(const Site& other) const {
    return line == other.line && (file == other.file || std::strcmp(file, other.file) == 0);
  }
};

}  // namespace gg::emulator
