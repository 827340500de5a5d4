// Text helpers: distances, quoting, numbers, escaping, base64.
#include "apps/common/text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "apps/common/html.h"

namespace gg::apps {
namespace {

TEST(Text, EditDistanceIsAMetricOnExamples) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(edit_distance("sitting", "kitten"), 3u);
  EXPECT_EQ(edit_distance("epochs", "epochs"), 0u);
}

TEST(Text, NearestNameOffersOnlyWhatIsNear) {
  const std::vector<std::string> names = {"epochs", "lr", "code_dim", "seed"};
  EXPECT_EQ(nearest_name("epoch", names), "epochs");
  EXPECT_EQ(nearest_name("code-dims", names), "code_dim");
  EXPECT_EQ(nearest_name("Seed", names), "seed");
  EXPECT_EQ(nearest_name("zz", names), "");
  EXPECT_EQ(nearest_name("temperature", names), "");
  EXPECT_EQ(nearest_name("", names), "");
  EXPECT_EQ(nearest_name(std::string(100000, 'a'), names), "");
}

TEST(Text, QuoteMakesForeignTextSafe) {
  EXPECT_EQ(quote("abc"), "\"abc\"");
  EXPECT_EQ(quote("a\x1b[31m\n"), "\"a\\x1b[31m\\x0a\"");
  EXPECT_EQ(quote("\xff"), "\"\\xff\"");
  EXPECT_EQ(quote("σ"), "\"σ\"");
  EXPECT_LT(quote(std::string(1000, 'x')).size(), 100u);
  EXPECT_EQ(one_line("a\n\tb\r\n"), "a b");
}

TEST(Text, Utf8IsChecked) {
  EXPECT_TRUE(is_utf8("aσ—😀"));
  for (const char* bad :
       {"\xff", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "a\x80"}) {
    EXPECT_FALSE(is_utf8(bad)) << quote(bad);
  }
  EXPECT_EQ(count_code_points("aσ😀"), 3u);
}

TEST(Text, WrapKeepsWordsAndWidth) {
  EXPECT_EQ(wrap("", 10), std::vector<std::string>{""});
  EXPECT_EQ(wrap("one two  three", 8), (std::vector<std::string>{"one two", "three"}));
  EXPECT_EQ(wrap("unbreakable x", 4), (std::vector<std::string>{"unbreakable", "x"}));
}

TEST(Text, NumbersReadWell) {
  EXPECT_EQ(format_fixed(1234567.891, 2), "1,234,567.89");
  EXPECT_EQ(format_fixed(999, 0), "999");
  EXPECT_EQ(format_fixed(-12.5, 1), "−12.5");
  EXPECT_EQ(format_fixed(-0.001, 1), "0.0");
  EXPECT_EQ(format_fixed(std::nan(""), 2), "NaN");
  EXPECT_EQ(format_fixed(-std::numeric_limits<double>::infinity(), 2), "−∞");
  EXPECT_EQ(format_fixed(1.5e-7, 2), "1.50×10⁻⁷");
  EXPECT_EQ(format_fixed(2e20, 2), "2.00×10²⁰");
  EXPECT_EQ(format_fixed(std::numeric_limits<double>::denorm_min(), 2), "4.94×10⁻³²⁴");
  // What rounds up to ten is one of the next size.
  EXPECT_EQ(format_fixed(9.999e-301, 2), "1.00×10⁻³⁰⁰");
  EXPECT_EQ(format_fixed(9.994e-301, 2), "9.99×10⁻³⁰¹");
  EXPECT_EQ(format_fixed(-9.996e20, 2), "−1.00×10²¹");
  EXPECT_EQ(format_fixed(1e-5, 2), "1.00×10⁻⁵");
  EXPECT_EQ(format_fixed(std::numeric_limits<double>::max(), 2), "1.80×10³⁰⁸");
  EXPECT_EQ(format_number(9.99996), "10.00");
  EXPECT_EQ(format_number(0.099999), "0.1000");
  EXPECT_EQ(format_number(99.994), "99.99");
  EXPECT_EQ(format_number(60000), "60,000");
  EXPECT_EQ(format_number(11.8731), "11.87");
  EXPECT_EQ(format_number(0.012346), "0.01235");
  EXPECT_EQ(format_short(1.2), "1.2");
  EXPECT_EQ(format_duration(3.14), "3.1 s");
  EXPECT_EQ(format_duration(161), "2:41 min");
  EXPECT_EQ(format_duration(3723), "1:02:03 h");
  EXPECT_EQ(format_duration(std::nan("")), "?");
}

TEST(Text, MarkupIsEscaped) {
  EXPECT_EQ(escape_markup("<a href=\"x\">'&"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;");
  EXPECT_EQ(escape_markup("σ\xff\x01z"), "σ\xef\xbf\xbd\xef\xbf\xbdz");
}

TEST(Text, Base64HasTheStandardExamples) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64("\xff\xfe\xfd"), "//79");
}

}  // namespace
}  // namespace gg::apps
