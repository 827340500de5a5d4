#include "apps/common/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <numeric>

namespace gg::apps {
namespace {

std::string folded(std::string_view name) {
  std::string out(name);
  for (char& c : out) c = c == '-' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

struct Scientific {
  std::string mantissa;
  int exponent;
};

/// A finite number with so many digits. The exponent is that of the rounded number: of 9.999 with three digits, 1.
Scientific rounded(double value, int digits) {
  const std::string text = fmt::format("{:.{}e}", value, std::max(0, digits - 1));
  const std::size_t e = text.find('e');
  return {text.substr(0, e), std::stoi(text.substr(e + 1))};
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

/// Length of the UTF-8 sequence at the head of `text`, 0 where it is malformed.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char head = byte(0);
  if (head < 0x80) return 1;
  const std::size_t length = head >= 0xf0 ? 4 : head >= 0xe0 ? 3 : 2;
  if (head < 0xc2 || head > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  if (head == 0xe0 && byte(1) < 0xa0) return 0;   // overlong
  if (head == 0xed && byte(1) >= 0xa0) return 0;  // surrogate
  if (head == 0xf0 && byte(1) < 0x90) return 0;   // overlong
  if (head == 0xf4 && byte(1) >= 0x90) return 0;  // beyond U+10FFFF
  return length;
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replace = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replace, row[j] + 1, diagonal + 1});
    }
  }
  return row[b.size()];
}

std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates) {
  if (name.size() > 200) return "";
  const std::string wanted = folded(name);
  std::string best;
  std::size_t best_distance = static_cast<std::size_t>(-1);
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(wanted, folded(candidate));
    const std::size_t allowed = std::max<std::size_t>(2, std::max(name.size(), candidate.size()) / 3);
    // A name must keep at least one of its letters, or "lr" would be near to everything of two letters.
    if (distance <= allowed && distance < std::max(wanted.size(), candidate.size()) && distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string quote(std::string_view text) {
  constexpr std::size_t kLimit = 80;
  std::string out = "\"";
  std::size_t at = 0;
  while (at < text.size() && at < kLimit) {
    const std::size_t length = utf8_length(text.substr(at));
    if (length == 0 || is_control(text[at])) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[at]));
      ++at;
    } else {
      out += text.substr(at, length);
      at += length;
    }
  }
  return out + (at < text.size() ? "…\"" : "\"");
}

std::string one_line(std::string_view text) {
  std::string out;
  bool pending = false;
  for (char c : text) {
    if (is_control(c)) {
      pending = !out.empty();
      continue;
    }
    if (pending && c != ' ') out += ' ';
    pending = false;
    out += c;
  }
  return out;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::size_t count_code_points(std::string_view text) {
  std::size_t count = 0;
  while (!text.empty()) {
    text.remove_prefix(std::max<std::size_t>(1, utf8_length(text)));
    ++count;
  }
  return count;
}

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
  std::vector<std::string> lines(1);
  std::size_t used = 0;
  while (!text.empty()) {
    const std::size_t start = text.find_first_not_of(' ');
    if (start == std::string_view::npos) break;
    text.remove_prefix(start);
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(word.size());
    const std::size_t length = count_code_points(word);
    if (used > 0 && used + 1 + length > width) {
      lines.emplace_back();
      used = 0;
    }
    if (used > 0) lines.back() += ' ', ++used;
    lines.back() += word;
    used += length;
  }
  return lines;
}

std::string superscript(int exponent) {
  static const char* const kDigits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string out = exponent < 0 ? "⁻" : "";
  for (char c : std::to_string(std::abs(exponent))) out += kDigits[c - '0'];
  return out;
}

int decimals_for(double value, int significant) {
  if (!std::isfinite(value) || value == 0) return std::max(0, significant - 1);
  return std::clamp(significant - 1 - rounded(value, significant).exponent, 0, 12);
}

std::string format_fixed(double value, int decimals) {
  if (std::isnan(value)) return "NaN";
  const std::string sign = std::signbit(value) && value != 0 ? "−" : "";
  const double size = std::abs(value);
  if (std::isinf(value)) return sign + "∞";
  if (size >= 1e15 || (size < 1e-4 && size != 0)) {
    const auto [mantissa, exponent] = rounded(size, 3);
    return fmt::format("{}{}×10{}", sign, mantissa, superscript(exponent));
  }
  const std::string digits = fmt::format("{:.{}f}", size, std::clamp(decimals, 0, 15));
  const std::size_t whole = std::min(digits.find('.'), digits.size());
  std::string out;
  for (std::size_t i = 0; i < whole; ++i) {
    if (i > 0 && (whole - i) % 3 == 0 && whole > 3) out += ',';
    out += digits[i];
  }
  out += digits.substr(whole);
  const bool shows_zero = out.find_first_not_of("0.,") == std::string::npos;
  return (shows_zero ? "" : sign) + out;
}

std::string format_number(double value, int significant) {
  const bool whole = std::isfinite(value) && value == std::floor(value) && std::abs(value) < 1e15;
  return format_fixed(value, whole ? 0 : decimals_for(value, significant));
}

std::string format_short(double value, int significant) {
  std::string text = format_number(value, significant);
  if (text.find('.') == std::string::npos || text.find("×") != std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string format_duration(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0 || seconds > 3.6e9) return "?";
  const auto whole = static_cast<long long>(std::llround(seconds));
  if (whole < 60) return seconds < 9.95 ? fmt::format("{:.1f} s", seconds) : fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{}:{:02} min", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02} h", whole / 3600, whole / 60 % 60, whole % 60);
}

}  // namespace gg::apps
