#include "core/error.h"

#include <charconv>

namespace gg::detail {

void append(std::string& s, double v) {
  char buffer[32];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, v).ptr;
  s.append(buffer, end);
}

void raise(std::string message) { throw Error(std::move(message)); }

}  // namespace gg::detail
