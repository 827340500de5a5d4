#include "apps/common/json_text.h"

#include <fmt/format.h>

#include <set>
#include <vector>

#include "apps/common/text.h"
#include "core/error.h"

namespace gg::apps {
namespace {

constexpr int kMaxDepth = 64;

/// "line 3, column 7" of the byte at `offset`, counted from 1 as editors do.
std::string position(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const auto line = static_cast<long>(std::count(before.begin(), before.end(), '\n')) + 1;
  const std::size_t start = before.rfind('\n');
  const std::size_t column = before.size() - (start == std::string_view::npos ? 0 : start + 1);
  return fmt::format("line {}, column {}", line, std::max<std::size_t>(column, 1));
}

}  // namespace

Json parse_json(std::string_view text, const std::string& source) {
  std::vector<std::set<std::string>> keys;  // the keys seen so far, one set for each open object
  const auto check = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > kMaxDepth) throw Error(fmt::format("{}: nested more than {} levels deep", source, kMaxDepth));
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key) {
      const auto& key = parsed.get_ref<const std::string&>();
      if (!keys.back().insert(key).second) {
        throw Error(fmt::format("{}: the key {} stands twice; keep one of them", source, quote(key)));
      }
    }
    return true;
  };
  try {
    return Json::parse(text.begin(), text.end(), check);
  } catch (const Json::parse_error& error) {
    // The parser's own text starts with an id and a position; the last part says what it met.
    std::string what = error.what();
    if (const std::size_t at = what.find(" - "); at != std::string::npos) what = what.substr(at + 3);
    throw Error(fmt::format("{}: not valid JSON at {}: {}", source, position(text, error.byte), one_line(what)));
  } catch (const Json::out_of_range&) {
    throw Error(fmt::format("{}: holds a number that is too large for a double", source));
  }
}

std::string json_text(const Json& value, int indent) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

void merge_into(Json& into, const Json& more) {
  for (const auto& [key, value] : more.items()) into[key] = value;
}

std::string describe_json(const Json& value) {
  if (value.is_string()) return "the string " + quote(value.get_ref<const std::string&>());
  if (value.is_object()) return "an object";
  if (value.is_null()) return "null";
  const std::string text = json_text(value);
  const std::string shown = text.size() > 60 ? text.substr(0, 57) + "..." : text;
  return value.is_array() ? "the list " + shown : shown;
}

}  // namespace gg::apps
