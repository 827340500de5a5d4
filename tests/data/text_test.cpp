// Texts with labels: what is read, what is refused, and characters as numbers.
#include "data/text.h"

#include <gtest/gtest.h>

#include "tests/errors.h"
#include "tests/temp_dir.h"

namespace gg::data_test {
namespace {

using namespace gg::data;

TEST(LabelledTexts, KeepsEachTextOnce) {
  const LabelledTexts t =
      parse_labelled_texts("好书\t1\r\n\n很\t好\t1\n差\t0\n好书\t1\n怪\t0\n怪\t1\n last\t2", "here");
  EXPECT_EQ(t.texts, (std::vector<std::string>{"好书", "很\t好", "差", " last"}));
  EXPECT_EQ(t.labels, (std::vector<int64_t>{1, 1, 0, 2}));
  EXPECT_EQ(t.classes, 3);
  EXPECT_EQ(t.repeated, 1);
  EXPECT_EQ(t.conflicting, 2);
}

TEST(LabelledTexts, RefusesWithFileAndLine) {
  const auto refuses = [](const std::string& text, const std::string& part) {
    expect_error([&] { parse_labelled_texts(text, "r.tsv"); }, part);
  };
  refuses("a\t1\nb 0\n", "r.tsv, line 2: expected \"text<TAB>label\"");
  refuses("\t1\n", "no text before the tab");
  refuses("  \t1\n", "no text");
  for (const char* label : {"", "x", "1.5", "-1", "1000", "99999999999999999999", "1 "}) {
    refuses("a\t0\nb\t" + std::string(label), "line 2: the label");
  }
  refuses(
      "ok\t1\nab\xff"
      "c\t1\n",
      "line 2: byte 2 of the text is not UTF-8");
  refuses("", "no texts");
  refuses("a\t0\na\t1\n", "no texts");
  expect_error([] { read_labelled_texts("/nowhere/r.tsv"); }, "/nowhere/r.tsv");
  TempDir dir;
  spill(dir / "r.tsv", "好\t1\n");
  EXPECT_EQ(read_labelled_texts(dir / "r.tsv").texts.at(0), "好");
}

TEST(Characters, AreCodePointsAndNothingElse) {
  EXPECT_EQ(characters("aé好😀"), (std::vector<char32_t>{U'a', U'é', U'好', U'😀'}));
  EXPECT_TRUE(characters("").empty());
  // Cut off, overlong, surrogate, too large, a lone continuation.
  for (const char* bad : {"\xe5\xa5", "\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xed\xa0\x80",
                          "\xf4\x90\x80\x80", "\x80", "\xff", "\xe5", "\xc3(", "\xf0\x9f\x98"}) {
    expect_error([&] { characters(bad); }, "not UTF-8");
  }
}

TEST(CharacterVocabulary, NumbersByFrequency) {
  const CharacterVocabulary v({"好好书", "好书人"}, 2);
  EXPECT_EQ(v.size(), 4);
  EXPECT_EQ(v.counts(), (std::vector<int64_t>{0, 1, 3, 2}));
  EXPECT_EQ(v.number_of(U'好'), 2);
  EXPECT_EQ(v.number_of(U'书'), 3);
  EXPECT_EQ(v.number_of(U'人'), CharacterVocabulary::kUnknown);
  EXPECT_EQ(v.encode({"书好人", "", "好书好书好"}, 4).to_vector<int64_t>(),
            (std::vector<int64_t>{3, 2, 1, 0, 0, 0, 0, 0, 2, 3, 2, 3}));
  EXPECT_EQ(CharacterVocabulary({"好好书书人人"}, 1, 2).size(), 4);
  expect_error([&] { v.encode({"a"}, 0); }, "length");
}

}  // namespace
}  // namespace gg::data_test
