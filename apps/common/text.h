// Small helpers for text that people read: quoting, wrapping, nearest names, numbers.
// Used by the option set, the plots and the report; read options.h next.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gg::apps {

/// Levenshtein distance (insert, delete and replace cost 1 each) in bytes. O(|a|·|b|) time, O(|b|) memory.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate closest to `name`, or "" when none is close (more than a third of the longer name, at least 2, would
/// have to change). Ties go to the earlier candidate. Case and '-' against '_' count as equal.
std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates);

/// `"text"`, with control characters as \xNN and anything past 80 bytes cut, so that foreign text is safe in a message.
std::string quote(std::string_view text);

/// The text on one line: every run of control characters (new lines, tabs, escapes) becomes one space.
std::string one_line(std::string_view text);

/// True where `text` is well-formed UTF-8 (no overlong forms, no surrogates, at most U+10FFFF).
bool is_utf8(std::string_view text);

/// Number of code points of well-formed UTF-8 text; other bytes count one each.
std::size_t count_code_points(std::string_view text);

/// Breaks `text` at spaces into lines of at most `width` code points (a longer word stands alone). Never empty.
std::vector<std::string> wrap(std::string_view text, std::size_t width);

/// `value` with `decimals` digits after the point, thousands grouped by commas. Uses a true minus sign; NaN and
/// infinities become "NaN", "∞", "−∞"; beyond 1e15 or below 1e-4 (when not zero) it is written as 1.23×10⁻⁵.
std::string format_fixed(double value, int decimals);

/// How many decimals show `value` with `significant` digits: format_fixed(12.345, decimals_for(12.345, 4)) is "12.35".
int decimals_for(double value, int significant);

/// `value` with `significant` digits, as format_fixed writes it; whole numbers stay whole.
std::string format_number(double value, int significant = 4);

/// format_number without zeros at the end: 1.2, not 1.200.
std::string format_short(double value, int significant = 4);

/// Seconds as "42 s", "3:07 min" or "1:02:03 h".
std::string format_duration(double seconds);

/// `exponent` in superscript digits: 10 + superscript(-4) is 10⁻⁴.
std::string superscript(int exponent);

}  // namespace gg::apps
