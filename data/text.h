// Texts with labels, and texts as rows of numbers for an embedding: one number per character, which suits Chinese and
// needs no list of words.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/tensor.h"

namespace gg::data {

struct LabelledTexts {
  std::vector<std::string> texts;  ///< UTF-8
  std::vector<int64_t> labels;
  int64_t classes = 0;      ///< one more than the largest label
  int64_t repeated = 0;     ///< lines left out because the same text with the same label stood above
  int64_t conflicting = 0;  ///< lines left out because the text comes with several labels
};

/// A file of lines "text<TAB>label", packed with gzip or not, in UTF-8; labels are whole numbers from 0 to 999. "\r\n"
/// and a last line without its end are fine, empty lines too. Each text is kept once, since copies in training and test
/// data would make a test of memory; texts that come with several labels are left out. Throws gg::Error that names file
/// and line: cannot be read, no tab, no text, another label than such a number, bytes that are not UTF-8, nothing left.
LabelledTexts read_labelled_texts(const std::filesystem::path& path);

/// The same of text; `source` names it in messages.
LabelledTexts parse_labelled_texts(std::string_view text, const std::string& source);

/// The characters of well-formed UTF-8 text, as code points. Throws gg::Error for other bytes.
std::vector<char32_t> characters(std::string_view text);

/// Numbers for characters: 0 is padding, 1 every character that is not known, then by falling frequency.
class CharacterVocabulary {
 public:
  static constexpr int64_t kPadding = 0, kUnknown = 1;

  /// Those that come at least `least` times in `texts`, at most `most` of them.
  explicit CharacterVocabulary(const std::vector<std::string>& texts, int64_t least = 2, int64_t most = 10000);

  /// All numbers there are, padding and unknown included.
  int64_t size() const { return static_cast<int64_t>(counts_.size()); }
  /// How often each number came in the texts that it was made of; padding never.
  const std::vector<int64_t>& counts() const { return counts_; }
  int64_t number_of(char32_t character) const;

  /// The first `length` characters of each text, padded at the end: int64 [n, length].
  Tensor encode(const std::vector<std::string>& texts, int64_t length) const;

 private:
  std::map<char32_t, int64_t> numbers_;
  std::vector<int64_t> counts_;
};

}  // namespace gg::data
