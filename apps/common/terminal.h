// What the other end of a stream is: a terminal with a width and colours, or a file.
#pragma once

#include <string>

namespace gg::apps {

/// How to write to a stream.
struct Terminal {
  bool interactive = false;  ///< a terminal that understands cursor movement (TERM is not "dumb")
  bool colour = false;       ///< interactive, and NO_COLOR is not set (no-color.org)
  bool utf8 = false;         ///< the locale says UTF-8, so bars may use its blocks
  int width = 100;           ///< columns
};

/// Looks at file descriptor `fd` (1 stdout, 2 stderr) and the environment.
Terminal terminal_of(int fd);

/// `text` in the terminal's style `code` ("1" bold, "2" faint, "31" red, "32" green, ...), or plain without colour.
std::string styled(const Terminal& terminal, const char* code, const std::string& text);

}  // namespace gg::apps
