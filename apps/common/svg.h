// The pieces that SVG plots are written with: numbers, texts and their widths, the palette and its style sheet.
#pragma once

#include <string>
#include <string_view>

namespace gg::apps {

/// Colours in the palette; classes c0 ... c9 (stroke) and f0 ... f9 (fill) of plot_style().
inline constexpr int kPaletteSize = 10;

/// `colour` folded into the palette.
int palette_index(int colour);

/// The style sheet of a plot as a <style> element: light, and dark where the reader's system is. Colours differ in
/// lightness as well as hue, so that they can be told apart without colour vision.
std::string plot_style();

/// Coordinates with at most two decimals, no exponent.
std::string svg_number(double value);

/// Estimated width of `text` in a sans-serif font of `size` pixels; on the safe side of common fonts.
double text_width(std::string_view text, double size);

/// `text`, cut with an ellipsis where it is wider than `width`.
std::string fit_text(const std::string& text, double size, double width);

/// A <text> element. `classes` of plot_style(): t (title), l (label), k (tick), with s/e for the anchor start/end
/// (middle otherwise); `extra` goes into the tag as it is.
std::string svg_text(double x, double y, std::string_view classes, std::string_view text, std::string_view extra = {});

/// A <line> element of the given class.
std::string svg_line(double x1, double y1, double x2, double y2, std::string_view classes);

}  // namespace gg::apps
