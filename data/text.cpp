#include "data/text.h"

#include <algorithm>
#include <charconv>
#include <unordered_map>

#include "core/error.h"
#include "data/byte_reader.h"

namespace gg::data {
namespace {

constexpr int64_t kMaxLabel = 999;

/// The next code point of `text` from `at` on, which moves behind it; −1 where the bytes are not UTF-8.
int64_t next_character(std::string_view text, size_t& at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at);
  if (first < 0x80) return static_cast<int64_t>(byte(at++));
  const size_t more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
  if (first < 0xC2 || first > 0xF4 || at + more >= text.size()) return -1;
  char32_t code = first & (0x3Fu >> more);
  for (size_t i = 1; i <= more; ++i) {
    const unsigned char next = byte(at + i);
    if ((next & 0xC0) != 0x80) return -1;
    code = code << 6 | (next & 0x3Fu);
  }
  const bool overlong = (more == 2 && code < 0x800) || (more == 3 && code < 0x10000);
  if (overlong || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return -1;
  at += more + 1;
  return static_cast<int64_t>(code);
}

}  // namespace

std::vector<char32_t> characters(std::string_view text) {
  std::vector<char32_t> all;
  for (size_t at = 0; at < text.size();) {
    const size_t before = at;
    const int64_t code = next_character(text, at);
    GG_CHECK(code >= 0, "characters: byte ", before, " of the text is not UTF-8");
    all.push_back(static_cast<char32_t>(code));
  }
  return all;
}

LabelledTexts parse_labelled_texts(std::string_view text, const std::string& source) {
  struct Seen {
    int64_t label = 0;
    bool conflicting = false;
  };
  std::vector<std::string_view> order;
  std::unordered_map<std::string_view, Seen> seen;
  LabelledTexts result;
  int64_t number = 0;
  for (size_t start = 0; start < text.size();) {
    size_t end = std::min(text.find('\n', start), text.size());
    std::string_view line = text.substr(start, end - start);
    start = end + 1;
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    const auto where = [&] { return str(source, ", line ", number, ": "); };
    const size_t tab = line.rfind('\t');
    GG_CHECK(tab != std::string_view::npos, where(), "expected \"text<TAB>label\", found no tab");
    const std::string_view body = line.substr(0, tab), label = line.substr(tab + 1);
    GG_CHECK(body.find_first_not_of(" \t") != std::string_view::npos, where(), "there is no text before the tab");
    int64_t value = -1;
    const auto [rest, error] = std::from_chars(label.data(), label.data() + label.size(), value);
    GG_CHECK(error == std::errc() && rest == label.data() + label.size() && value >= 0 && value <= kMaxLabel, where(),
             "the label after the last tab must be a whole number from 0 to ", kMaxLabel, ", got \"",
             label.substr(0, 40), "\"");
    for (size_t at = 0; at < body.size();) {
      const size_t before = at;
      GG_CHECK(next_character(body, at) >= 0, where(), "byte ", before, " of the text is not UTF-8");
    }
    const auto [entry, fresh] = seen.try_emplace(body, Seen{value});
    if (fresh) {
      order.push_back(body);
    } else if (entry->second.label == value) {
      ++result.repeated;
    } else {
      entry->second.conflicting = true;
      ++result.conflicting;
    }
  }
  for (const std::string_view body : order) {
    const Seen& s = seen.at(body);
    if (s.conflicting) {
      ++result.conflicting;
      continue;
    }
    result.texts.emplace_back(body);
    result.labels.push_back(s.label);
    result.classes = std::max(result.classes, s.label + 1);
  }
  GG_CHECK(!result.texts.empty(), source, ": there are no texts in it");
  return result;
}

LabelledTexts read_labelled_texts(const std::filesystem::path& path) {
  return parse_labelled_texts(ByteReader(path).rest(), path.string());
}

CharacterVocabulary::CharacterVocabulary(const std::vector<std::string>& texts, int64_t least, int64_t most) {
  GG_CHECK(least >= 1 && most >= 0, "CharacterVocabulary: expected least >= 1 and most >= 0, got ", least, " and ",
           most);
  std::map<char32_t, int64_t> found;
  for (const std::string& text : texts) {
    for (const char32_t c : characters(text)) ++found[c];
  }
  std::vector<std::pair<char32_t, int64_t>> ranked(found.begin(), found.end());
  std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  counts_ = {0, 0};
  for (const auto& [character, count] : ranked) {
    if (count >= least && static_cast<int64_t>(numbers_.size()) < most) {
      numbers_[character] = static_cast<int64_t>(counts_.size());
      counts_.push_back(count);
    } else {
      counts_[kUnknown] += count;
    }
  }
}

int64_t CharacterVocabulary::number_of(char32_t character) const {
  const auto found = numbers_.find(character);
  return found == numbers_.end() ? kUnknown : found->second;
}

Tensor CharacterVocabulary::encode(const std::vector<std::string>& texts, int64_t length) const {
  GG_CHECK(length >= 1, "CharacterVocabulary: expected a length of at least 1, got ", length);
  const auto n = static_cast<int64_t>(texts.size());
  std::vector<int64_t> all(static_cast<size_t>(n * length), kPadding);
  for (int64_t i = 0; i < n; ++i) {
    const std::vector<char32_t> of = characters(texts[static_cast<size_t>(i)]);
    const int64_t used = std::min(length, static_cast<int64_t>(of.size()));
    for (int64_t j = 0; j < used; ++j) {
      all[static_cast<size_t>(i * length + j)] = number_of(of[static_cast<size_t>(j)]);
    }
  }
  return from_vector(all, {n, length});
}

}  // namespace gg::data
