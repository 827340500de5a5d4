// Strict JSON for configuration files: what nlohmann/json accepts silently and a person meant differently is refused.
// Read options.h next, which turns the parsed object into values.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace gg::apps {

/// JSON that keeps the order of keys, so that files are written as they were meant to be read.
using Json = nlohmann::ordered_json;

/// Parses `text`. `source` names the file in messages. Throws gg::Error with line and column for a syntax error (NaN,
/// comments and trailing commas are not JSON), and for duplicate keys, more than 64 levels, or numbers beyond double.
Json parse_json(std::string_view text, const std::string& source);

/// `value` as text with `indent` spaces (-1: one line). NaN and infinities, which JSON cannot say, become null;
/// bytes that are not UTF-8 become U+FFFD. Doubles are written with the fewest digits that read back exactly.
std::string json_text(const Json& value, int indent = -1);

/// Sets the members of the object `more` in the object `into`.
void merge_into(Json& into, const Json& more);

/// What kind of value this is, for messages: `the string "abc"`, `3.5`, `an object`, `true`.
std::string describe_json(const Json& value);

}  // namespace gg::apps
