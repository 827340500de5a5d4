#include "apps/common/svg.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "apps/common/html.h"

namespace gg::apps {
namespace {

struct Colour {
  const char* light;
  const char* dark;
};

constexpr std::array<Colour, kPaletteSize> kPalette = {{{"#1f6fb4", "#6cb4ee"},    // blue
                                                        {"#d5551b", "#ff9160"},    // vermilion
                                                        {"#0f8a66", "#44cfa4"},    // green
                                                        {"#a0529e", "#d99ad6"},    // purple
                                                        {"#c38a00", "#f1bd4a"},    // amber
                                                        {"#4aa8d8", "#a0dcff"},    // sky
                                                        {"#8c2148", "#f0719c"},    // wine
                                                        {"#6f7d1c", "#c3d152"},    // olive
                                                        {"#5a6872", "#aab6c0"},    // slate
                                                        {"#4a3fa0", "#9a90f5"}}};  // indigo

// Advance widths of ' ' to '~' in thousandths of the font size, typical of sans-serif faces.
constexpr std::array<int, 95> kWidths = {
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333,  278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667,
    611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667,  611, 722, 667, 944, 667,
    667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278,  556, 556, 222, 222, 500,
    222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500,  500, 334, 260, 334, 584};

}  // namespace

int palette_index(int colour) { return ((colour % kPaletteSize) + kPaletteSize) % kPaletteSize; }

std::string plot_style() {
  std::string light =
      ".gg-plot .bg{fill:#fff}.gg-plot .t{fill:#17212b}.gg-plot .l{fill:#55626e}.gg-plot .k{fill:#6b7782}"
      ".gg-plot .g{stroke:#e8ebef}.gg-plot .a{stroke:#9aa5b0}.gg-plot .b{stroke:#4b5862}"
      ".gg-plot .h{stroke:#fff}.gg-plot .n{fill:#b6bec6}";
  std::string dark =
      ".gg-plot .bg{fill:#171d24}.gg-plot .t{fill:#edf1f5}.gg-plot .l{fill:#aab6c1}.gg-plot .k{fill:#93a0ac}"
      ".gg-plot .g{stroke:#2a333d}.gg-plot .a{stroke:#5d6975}.gg-plot .b{stroke:#c3ccd4}"
      ".gg-plot .h{stroke:#171d24}.gg-plot .n{fill:#5a6570}";
  for (int i = 0; i < kPaletteSize; ++i) {
    const Colour& colour = kPalette[static_cast<std::size_t>(i)];
    light += fmt::format(".gg-plot .c{0}{{stroke:{1}}}.gg-plot .f{0}{{fill:{1}}}", i, colour.light);
    dark += fmt::format(".gg-plot .c{0}{{stroke:{1}}}.gg-plot .f{0}{{fill:{1}}}", i, colour.dark);
  }
  return "<style>.gg-plot text{font-family:Inter,system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,"
         "'Liberation Sans',sans-serif;font-size:12px;text-anchor:middle;font-variant-numeric:tabular-nums}"
         ".gg-plot .t{font-size:14px;font-weight:600}.gg-plot .k{font-size:11.5px}.gg-plot .s{text-anchor:start}"
         ".gg-plot .e{text-anchor:end}.gg-plot .g,.gg-plot .a{stroke-width:1;shape-rendering:crispEdges}"
         ".gg-plot .b{stroke-width:1.4;stroke-dasharray:5 4}"
         ".gg-plot .w{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}"
         ".gg-plot .d{stroke-dasharray:7 5;stroke-linecap:butt}"
         ".gg-plot .p{fill:none;stroke-linecap:round;stroke-opacity:.72}"
         ".gg-plot .h{stroke-width:3.5;stroke-linejoin:round;paint-order:stroke}.gg-plot .o{fill-opacity:.38}" +
         light + "@media(prefers-color-scheme:dark){" + dark + "}</style>";
}

std::string svg_number(double value) {
  if (!std::isfinite(value)) return "0";
  std::string text = fmt::format("{:.2f}", value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

double text_width(std::string_view text, double size) {
  double thousandths = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      thousandths += kWidths[byte - 0x20];
    } else if ((byte & 0xc0) != 0x80) {
      thousandths += 600;
    }
  }
  return thousandths / 1000 * size * 1.1;
}

std::string fit_text(const std::string& text, double size, double width) {
  if (text_width(text, size) <= width) return text;
  std::string cut = text;
  while (!cut.empty() && text_width(cut + "…", size) > width) {
    while (!cut.empty() && (static_cast<unsigned char>(cut.back()) & 0xc0) == 0x80) cut.pop_back();
    if (!cut.empty()) cut.pop_back();
  }
  while (!cut.empty() && cut.back() == ' ') cut.pop_back();
  return cut + "…";
}

std::string svg_text(double x, double y, std::string_view classes, std::string_view text, std::string_view extra) {
  return fmt::format("<text x=\"{}\" y=\"{}\" class=\"{}\"{}{}>{}</text>", svg_number(x), svg_number(y), classes,
                     extra.empty() ? "" : " ", extra, escape_markup(text));
}

std::string svg_line(double x1, double y1, double x2, double y2, std::string_view classes) {
  return fmt::format("<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" class=\"{}\"/>", svg_number(x1), svg_number(y1),
                     svg_number(x2), svg_number(y2), classes);
}

}  // namespace gg::apps
