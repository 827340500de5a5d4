// A checker for the little XML that plots are: tags closed in order, attributes quoted, no number that is none, all
// text inside the picture.
#pragma once

#include <string>
#include <vector>

#include "apps/common/text.h"

namespace gg::apps {

/// "" where `svg` is well-formed, otherwise what is wrong.
inline std::string svg_fault(const std::string& svg) {
  std::vector<std::string> open;
  for (std::size_t at = svg.find('<'); at != std::string::npos; at = svg.find('<', at + 1)) {
    const std::size_t end = svg.find('>', at);
    if (end == std::string::npos) return "a tag without an end";
    const std::string tag = svg.substr(at + 1, end - at - 1);
    if (std::count(tag.begin(), tag.end(), '"') % 2 != 0) return "an attribute without an end: " + tag;
    for (const char* bad : {"\"nan", "\"inf", " nan", " inf", "\"-nan", "\"-inf"}) {
      if (tag.find(bad) != std::string::npos) return "a number that is none: " + tag;
    }
    if (tag.starts_with("/")) {
      if (open.empty() || open.back() != tag.substr(1)) return "closed out of order: " + tag;
      open.pop_back();
    } else if (!tag.ends_with("/")) {
      open.push_back(tag.substr(0, tag.find(' ')));
    }
  }
  if (!open.empty()) return "not closed: " + open.back();
  if (!is_utf8(svg)) return "not UTF-8";
  return "";
}

/// How often `part` is in `text`.
inline int occurrences(const std::string& text, const std::string& part) {
  int count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

}  // namespace gg::apps
