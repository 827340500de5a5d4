#include "data/csv.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/error.h"
#include "data/byte_reader.h"

namespace gg::data {
namespace {

// What a message quotes of a cell that is no number: one line of printable text.
std::string shown(std::string_view cell) {
  std::string text(cell.substr(0, 40));
  for (char& c : text) {
    if (c < ' ' || c > '~') c = '?';
  }
  return text;
}

std::string_view trimmed(std::string_view s) {
  constexpr std::string_view kBlank = " \t\r";
  const size_t first = s.find_first_not_of(kBlank);
  return first == s.npos ? std::string_view() : s.substr(first, s.find_last_not_of(kBlank) - first + 1);
}

double number_in(std::string_view cell, const std::string& source, int64_t line) {
  const std::string_view text = trimmed(cell);
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  GG_CHECK(code == std::errc() && end == text.data() + text.size() && std::isfinite(value), source, ", line ", line,
           ": expected numbers separated by commas, got \"", shown(text), "\"");
  return value;
}

}  // namespace

Tensor parse_csv(std::string_view text, const std::string& source) {
  std::vector<double> numbers;
  int64_t rows = 0, columns = 0, line = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view row = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++line;
    if (trimmed(row).empty()) {
      GG_CHECK(text.find_first_not_of(" \t\r\n") == text.npos, source, ", line ", line, ": an empty line among rows");
      break;
    }
    const auto before = static_cast<int64_t>(numbers.size());
    while (true) {
      const size_t comma = row.find(',');
      numbers.push_back(number_in(row.substr(0, comma), source, line));
      if (comma == row.npos) break;
      row.remove_prefix(comma + 1);
    }
    const int64_t got = static_cast<int64_t>(numbers.size()) - before;
    if (rows++ == 0) columns = got;
    GG_CHECK(got == columns, source, ", line ", line, ": expected ", columns, " numbers as in line 1, got ", got);
  }
  GG_CHECK(rows > 0, source, ": there are no rows");
  return from_vector(numbers, {rows, columns});
}

Tensor read_csv(const std::filesystem::path& path) { return parse_csv(ByteReader(path).rest(), path.string()); }

}  // namespace gg::data
