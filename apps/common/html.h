// The two things that keep foreign bytes from breaking a page: escaping and base64.
#pragma once

#include <string>
#include <string_view>

namespace gg::apps {

/// `text` for element content and quoted attributes of HTML and SVG: & < > " ' are escaped; bytes that are not UTF-8,
/// and control characters that XML forbids, become U+FFFD.
std::string escape_markup(std::string_view text);

/// Standard base64 with padding (RFC 4648).
std::string base64(std::string_view bytes);

}  // namespace gg::apps
