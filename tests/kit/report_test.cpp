// The report: whole, escaped, and without a need for anything outside itself.
#include "apps/common/report.h"

#include <gtest/gtest.h>

#include <cmath>

#include "apps/common/html.h"
#include "apps/common/image.h"
#include "apps/common/plots.h"
#include "apps/common/png.h"
#include "apps/common/report_blocks.h"
#include "tests/errors.h"
#include "tests/kit/svg_check.h"

namespace gg::apps {
namespace {

std::string small_png() {
  const std::vector<float> pixels(6, 0.5f);
  return encode_png(image_grid(split_images(pixels, 1, 2, 3), {.columns = 1, .scale = 2, .gap = 0}));
}

TEST(Markup, KnowsThreeMarks) {
  EXPECT_EQ(inline_markup("a **b** *c* `d<e`"), "a <strong>b</strong> <em>c</em> <code>d&lt;e</code>");
  EXPECT_EQ(inline_markup("**a *b* c**"), "<strong>a <em>b</em> c</strong>");
  EXPECT_EQ(inline_markup("3 * 4 * 5, 2**3 and `x"), "3 * 4 * 5, 2**3 and `x");
  EXPECT_EQ(inline_markup("<script>σ & \"x\""), "&lt;script&gt;σ &amp; &quot;x&quot;");
}

TEST(Cards, SayBetterAndWorseInWords) {
  KeyNumber number{.label = "error", .value = 9, .better = Better::kLower, .baseline_name = "PCA", .baseline = 12};
  EXPECT_HAS(number_card(number), "badge better\">✓ 25% better");
  number.better = Better::kHigher;
  EXPECT_HAS(number_card(number), "badge worse\">✗ 25% worse");
  number.absolute = true;
  number.unit = "dB";
  EXPECT_HAS(number_card(number), "✗ 3 dB worse");
  number.unit = "%";
  EXPECT_HAS(number_card(number), "✗ 3 points worse");
  number.value = 12;
  EXPECT_HAS(number_card(number), "the same");
  number.value = std::nan("");
  EXPECT_HAS(number_card(number), "badge worse\">✗ not finite");
  number.better = Better::kNeither;
  number.value = 9.5;
  EXPECT_HAS_NOT(number_card(number), "badge");
  // Number and baseline show the same decimals; negative ones have no bars.
  number.value = -9.5, number.baseline = -11.874;
  EXPECT_HAS(number_card(number), "−9.50");
  EXPECT_HAS(number_card(number), "−11.87");
  EXPECT_HAS_NOT(number_card(number), "class=\"bar");
}

TEST(Cards, SmallNumbersKeepTheirDigits) {
  EXPECT_HAS(number_card({.label = "ν", .value = 0.00375}), "\"value\">0.00375<");
  EXPECT_HAS(number_card({.label = "RMS", .value = 0.075895}), "\"value\">0.0759<");
  EXPECT_HAS(number_card({.label = "SSE", .value = 11.8742}), "\"value\">11.87<");
}

TEST(Reports, StandAlone) {
  Report report("Title <&>", "sub");
  report.lead("lead **it**").fact("seed", "0<").command("run --x '<y>'");
  report.number({.label = "n", .value = 1}).config({{"lr", 0.1}, {"evil", "</td><script>"}});
  Section& section = report.section("Section <script>");
  LinePlot plot;
  plot.series = {{.name = "</svg><script>", .y = {1, 2}}};
  section.text("t").note("n").bullets({"a", "b"}).plot(to_svg(plot), "caption <script>");
  section.image(small_png(), "c", Span::kHalf, "an \"alt\"")
      .rows({{"<i>row", small_png()}}, "rows", Span::kFull, {"col"});
  section.table({"name", "value"}, {{"a<b", "1,234.5"}, {"c", "−3"}, {"d", ""}}, "table");
  // A row that does not fit its head would put numbers under the wrong one.
  expect_error([&] { section.table({"a", "b"}, {{"1", "2"}, {"3"}}); }, "row 1 of 2 has 1 cells under a head of 2");
  expect_error([&] { section.table({"a", "b"}, {{"1", "2", "3"}}); }, "row 0 of 1 has 3 cells");
  const std::string html = report.html();
  EXPECT_TRUE(html.starts_with("<!DOCTYPE html>"));
  EXPECT_TRUE(html.ends_with("</html>\n"));
  EXPECT_EQ(occurrences(html, "<script"), 0);
  EXPECT_EQ(occurrences(html, "http://") + occurrences(html, "https://"), 1);  // SVG's name space, which is not fetched
  EXPECT_EQ(occurrences(html, "url("), 0);
  EXPECT_EQ(occurrences(html, "src=\"data:image/png;base64,iVBORw0KGgo"), 2);
  EXPECT_HAS(html, "width=\"6\" height=\"4\"");
  EXPECT_HAS(html, "alt=\"an &quot;alt&quot;\"");
  EXPECT_HAS(html, "<td class=\"right\">1,234.5</td>");
  EXPECT_HAS(html, "<td>a&lt;b</td>");
  for (const char* tag :
       {"section", "figure", "table", "div", "details", "main", "header", "svg", "tr", "td", "p", "ul"}) {
    const std::string name = tag;
    EXPECT_EQ(occurrences(html, "<" + name + ">") + occurrences(html, "<" + name + " "),
              occurrences(html, "</" + name + ">"))
        << tag;
  }
}

TEST(Reports, AnEmptyOneIsFine) {
  const std::string html = Report("", "").html();
  EXPECT_TRUE(html.ends_with("</html>\n"));
  EXPECT_EQ(html, Report("", "").html());
}

TEST(Reports, OnlyPngIsTakenAsPicture) {
  Section section("s");
  EXPECT_HAS(message_of([&] { section.image("GIF89a", ""); }), "not a PNG");
  EXPECT_HAS(message_of([&] { section.image("", ""); }), "not a PNG");
}

}  // namespace
}  // namespace gg::apps
