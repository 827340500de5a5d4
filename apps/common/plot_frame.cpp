#include "apps/common/plot_frame.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/common/html.h"
#include "apps/common/svg.h"
#include "apps/common/text.h"

namespace gg::apps {
namespace {

constexpr double kEdge = 14;  // from the border of the picture to anything
constexpr double kLabelSize = 12;
constexpr double kTickSize = 11.5;
constexpr double kSwatch = 18;     // a legend's mark
constexpr double kLegendGap = 16;  // between legend items
constexpr double kLineHeight = 18;
constexpr double kBaselineMargin = 132;  // the most that baseline names may take at the right

double widest(const std::vector<Tick>& ticks) {
  double width = 0;
  for (const Tick& tick : ticks) width = std::max(width, text_width(tick.label, kTickSize));
  return width;
}

double legend_width(const LegendItem& item) { return kSwatch + 6 + text_width(item.name, kLabelSize); }

}  // namespace

PlotFrame::PlotFrame(const PlotSpec& spec, AxisScale x, AxisScale y, Extras extras)
    : x_(std::move(x)),
      y_(std::move(y)),
      extras_(std::move(extras)),
      width_(std::clamp(spec.width, 160, 8000)),
      height_(std::clamp(spec.height, 120, 8000)) {
  std::erase_if(extras_.legend, [](const LegendItem& item) { return item.name.empty(); });
  std::erase_if(extras_.baselines, [&](const Baseline& line) { return !y_.shows(line.value); });
  std::sort(extras_.baselines.begin(), extras_.baselines.end(),
            [](const Baseline& a, const Baseline& b) { return a.value > b.value; });
  place_head(spec, extras_.legend);
  place_margins(spec);
  if (extras_.equal_units) equalise_units();
}

/// Title, then the y axis' label with the legend beside it where both fit, else the legend in rows of its own.
void PlotFrame::place_head(const PlotSpec& spec, const std::vector<LegendItem>& legend) {
  const double room = width_ - 2 * kEdge;
  title_ = fit_text(spec.title, 14.5, room);
  double y = kEdge;
  if (!title_.empty()) y += 24;
  const double label_width = y_.label().empty() ? 0 : text_width(y_.label(), kLabelSize) + 24;
  double total = -kLegendGap;
  for (const LegendItem& item : legend) total += legend_width(item) + kLegendGap;
  const bool beside = legend.empty() || label_width + total <= room;
  y_label_baseline_ = y + 9;
  if (!y_.label().empty() && !beside) y += kLineHeight + 3;
  double x = beside ? width_ - kEdge - total : kEdge;
  for (const LegendItem& item : legend) {
    LegendItem fitted = item;
    fitted.name = fit_text(item.name, kLabelSize, room - kSwatch - 6);
    const double width = legend_width(fitted);
    if (!beside && x > kEdge && x + width > width_ - kEdge) x = kEdge, y += kLineHeight;
    legend_.push_back({x, y + 5, fitted});
    x += width + kLegendGap;
  }
  if (!legend.empty() || !y_.label().empty()) y += kLineHeight;
  top_ = y + 8;
}

void PlotFrame::place_margins(const PlotSpec&) {
  bottom_ = height_ - kEdge - (x_.label().empty() ? 0 : 19) - 17 - (extras_.not_drawn > 0 ? 15 : 0);
  right_ = width_ - kEdge - 4;
  double names = 0;
  for (const Baseline& line : extras_.baselines) {
    names = std::max({names, text_width(line.name, kTickSize), text_width(format_short(line.value), kTickSize)});
  }
  if (names > 0) right_ -= std::min(names, kBaselineMargin) + 6;

  y_ticks_ = y_.ticks(std::max(2, static_cast<int>((bottom_ - top_) / 46)));
  double left_text = widest(y_ticks_);
  if (!extras_.y_names.empty()) {
    y_ticks_.clear();
    left_text = 0;
    for (std::size_t i = 0; i < extras_.y_names.size(); ++i) {
      const std::string name = fit_text(extras_.y_names[i], kTickSize, width_ * 0.4);
      y_ticks_.push_back({static_cast<double>(i) + 0.5, name});
      left_text = std::max(left_text, text_width(name, kTickSize));
    }
  }
  left_ = kEdge + left_text + 8;

  const double room = right_ - left_;
  if (extras_.x_names.empty()) {
    // Fewer ticks until their labels stand apart.
    int target = std::max(2, static_cast<int>(room / 75));
    const auto labels = [&] {
      return static_cast<double>(std::ranges::count_if(x_ticks_, [](const Tick& tick) { return !tick.label.empty(); }));
    };
    do {
      x_ticks_ = x_.ticks(target);
    } while (target-- > 1 && (widest(x_ticks_) + 14) * labels() > room + 40);
    // The last label is centred at the right end and may stick out.
    if (!x_ticks_.empty() && extras_.baselines.empty()) {
      right_ -= std::max(0.0, text_width(x_ticks_.back().label, kTickSize) / 2 - kEdge);
    }
    return;
  }
  double name_width = 0;
  for (std::string& name : extras_.x_names) {
    name = fit_text(name, kTickSize, 110);
    name_width = std::max(name_width, text_width(name, kTickSize));
  }
  turned_names_ = name_width + 8 > room / static_cast<double>(extras_.x_names.size()) && name_width > 26;
  if (turned_names_) {
    bottom_ -= std::min(name_width * 0.6, (bottom_ - top_) * 0.5);
    left_ = std::max(left_, kEdge + std::min(name_width * 0.8, room * 0.2));
  }
}

/// Stretches the limits of the axis that has room to spare.
void PlotFrame::equalise_units() {
  const double per_x = (x_.high() - x_.low()) / (right_ - left_);
  const double per_y = (y_.high() - y_.low()) / (bottom_ - top_);
  const auto stretched = [](const AxisScale& axis, double range) {
    const double middle = (axis.low() + axis.high()) / 2;
    return AxisScale({axis.label(), Scale::kLinear, middle - range / 2, middle + range / 2}, {}, 0);
  };
  if (per_x < per_y) {
    x_ = stretched(x_, per_y * (right_ - left_));
    x_ticks_ = x_.ticks(std::max(2, static_cast<int>((right_ - left_) / 75)));
  } else {
    y_ = stretched(y_, per_x * (bottom_ - top_));
    y_ticks_ = y_.ticks(std::max(2, static_cast<int>((bottom_ - top_) / 46)));
  }
}

double PlotFrame::x(double value) const { return left_ + x_.place(value) * (right_ - left_); }

double PlotFrame::y(double value) const { return bottom_ - y_.place(value) * (bottom_ - top_); }

std::string PlotFrame::draw_axes() const {
  std::string out;
  for (const Tick& tick : y_ticks_) {
    const double at = y(tick.value);
    if (extras_.y_names.empty()) out += svg_line(left_, std::round(at), right_, std::round(at), "g");
    if (!tick.label.empty()) out += svg_text(left_ - 7, at + 4, "k e", tick.label);
  }
  for (const Tick& tick : x_ticks_) {
    const double at = x(tick.value);
    if (!extras_.y_names.empty()) out += svg_line(std::round(at), top_, std::round(at), bottom_, "g");
    if (tick.label.empty()) continue;
    if (extras_.y_names.empty()) out += svg_line(std::round(at), bottom_, std::round(at), bottom_ + 4, "a");
    out += svg_text(at, bottom_ + 17, "k", tick.label);
  }
  const double base =
      extras_.y_names.empty() && y_.low() < 0 && y_.high() > 0 && !extras_.x_names.empty() ? y(0) : bottom_;
  out += svg_line(left_, std::round(base), right_, std::round(base), "a");
  if (!extras_.y_names.empty()) {
    const double zero = x_.low() < 0 && x_.high() > 0 ? x(0) : left_;
    out += svg_line(std::round(zero), top_, std::round(zero), bottom_, "a");
  }
  if (!y_.label().empty())
    out += svg_text(kEdge, y_label_baseline_, "l s", fit_text(y_.label(), kLabelSize, width_ - 2 * kEdge));
  if (!x_.label().empty()) {
    const double at = height_ - kEdge + 1 - (extras_.not_drawn > 0 ? 15 : 0);
    out += svg_text((left_ + right_) / 2, at, "l", fit_text(x_.label(), kLabelSize, width_ - 2 * kEdge));
  }
  if (extras_.not_drawn > 0) {
    const std::string note =
        fmt::format("{} value{} not drawn: not finite{}", extras_.not_drawn, extras_.not_drawn == 1 ? "" : "s",
                    x_.is_log() || y_.is_log() ? ", or not positive on a log axis" : "");
    out += svg_text(width_ - kEdge, height_ - 7, "k e", fit_text(note, kTickSize, width_ - 2 * kEdge));
  }
  return out + draw_x_names();
}

std::string PlotFrame::draw_x_names() const {
  std::string out;
  const std::vector<std::string>& names = extras_.x_names;
  if (names.empty()) return out;
  // Turned names need a line's height each; where even that is too much, every n-th is shown.
  double widest_name = 0;
  for (const std::string& name : names) widest_name = std::max(widest_name, text_width(name, kTickSize));
  const double spacing = (right_ - left_) / static_cast<double>(names.size());
  const double needed = turned_names_ ? 15 : widest_name + 6;
  const auto stride = static_cast<std::size_t>(std::max(1.0, std::ceil(needed / spacing)));
  for (std::size_t i = 0; i < names.size(); i += stride) {
    const double at = x(static_cast<double>(i) + 0.5);
    if (turned_names_) {
      const std::string turn =
          fmt::format("transform=\"rotate(-38 {} {})\"", svg_number(at + 4), svg_number(bottom_ + 13));
      out += svg_text(at + 4, bottom_ + 13, "k e", names[i], turn);
    } else {
      out += svg_text(at, bottom_ + 17, "k", names[i]);
    }
  }
  return out;
}

std::string PlotFrame::draw_legend() const {
  std::string out;
  for (const Placed& entry : legend_) {
    const int colour = palette_index(entry.item.colour);
    switch (entry.item.mark) {
      case LegendItem::Mark::kLine:
      case LegendItem::Mark::kDashed:
        out += svg_line(entry.x, entry.y, entry.x + kSwatch, entry.y,
                        fmt::format("w c{}{}", colour, entry.item.mark == LegendItem::Mark::kDashed ? " d" : ""));
        break;
      case LegendItem::Mark::kBox:
        out += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"12\" height=\"12\" rx=\"2.5\" class=\"f{}\"/>",
                           svg_number(entry.x + 4), svg_number(entry.y - 6), colour);
        break;
      case LegendItem::Mark::kDot:
        out += fmt::format("<circle cx=\"{}\" cy=\"{}\" r=\"5\" class=\"f{}\"/>", svg_number(entry.x + 11),
                           svg_number(entry.y), colour);
        break;
    }
    out += svg_text(entry.x + kSwatch + 6, entry.y + 4, "l s", entry.item.name);
  }
  return out;
}

/// Lines at their values; the names beside them are pushed apart where values are close.
std::string PlotFrame::draw_baselines() const {
  const std::vector<Baseline>& lines = extras_.baselines;
  constexpr double kBlock = 29;  // two lines of text
  std::vector<double> at;
  for (const Baseline& line : lines) {
    const double wanted = y(line.value);
    at.push_back(at.empty() ? wanted : std::max(wanted, at.back() + kBlock));
  }
  // From the bottom upwards, so that none leaves the plot; both passes keep the order.
  double limit = bottom_ - 4;
  for (std::size_t i = at.size(); i-- > 0;) {
    at[i] = std::min(at[i], limit);
    limit = at[i] - kBlock;
  }
  std::string out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const double value = y(lines[i].value);
    out += svg_line(left_, value, right_, value, "b");
    if (std::abs(at[i] - value) > 2) out += svg_line(right_, value, right_ + 6, at[i], "a");
    out += svg_text(right_ + 8, at[i] - 2, "l s", fit_text(lines[i].name, kTickSize, kBaselineMargin),
                    "style=\"font-size:11.5px\"");
    out += svg_text(right_ + 8, at[i] + 12, "k s", format_short(lines[i].value));
  }
  return out;
}

std::string PlotFrame::wrap(const std::string& data, const std::string& labels) const {
  const std::string name = title_.empty() ? y_.label() : title_;
  std::string out = fmt::format(
      "<svg class=\"gg-plot\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" "
      "width=\"{0}\" height=\"{1}\" role=\"img\" aria-label=\"{2}\">",
      width_, height_, escape_markup(name.empty() ? "plot" : name));
  out += plot_style();
  out += fmt::format("<rect class=\"bg\" width=\"{}\" height=\"{}\"/>", width_, height_);
  if (!title_.empty()) out += svg_text(kEdge, kEdge + 11, "t s", title_);
  out += draw_legend() + draw_axes();
  // An inner <svg> clips to its box without an id, which would have to be unique in the page.
  const double margin = 4;
  const std::string x0 = svg_number(left_ - margin), y0 = svg_number(top_ - margin);
  const std::string w = svg_number(right_ - left_ + 2 * margin), h = svg_number(bottom_ - top_ + 2 * margin);
  out += fmt::format("<svg x=\"{0}\" y=\"{1}\" width=\"{2}\" height=\"{3}\" viewBox=\"{0} {1} {2} {3}\">{4}</svg>", x0,
                     y0, w, h, data);
  return out + draw_baselines() + labels + "</svg>\n";
}

}  // namespace gg::apps
