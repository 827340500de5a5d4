// Bars: to_svg(BarChart). The frame around them is plot_frame.h.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/common/html.h"
#include "apps/common/plot_frame.h"
#include "apps/common/svg.h"
#include "apps/common/text.h"

namespace gg::apps {
namespace {

/// A bar from (x0, y0) to (x1, y1), any corners, with what it says when pointed at.
std::string rectangle(double x0, double y0, double x1, double y1, int colour, const std::string& tip) {
  const double width = std::abs(x1 - x0), height = std::abs(y1 - y0);
  const double round = std::min({2.0, width / 3, height / 3});
  return fmt::format(
      "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"{}\" class=\"f{}\"><title>{}</title></rect>",
      svg_number(std::min(x0, x1)), svg_number(std::min(y0, y1)), svg_number(width), svg_number(height),
      svg_number(round), colour, escape_markup(tip));
}

}  // namespace

std::string to_svg(const BarChart& chart) {
  const std::size_t count = chart.categories.size();
  std::vector<double> values;
  PlotFrame::Extras extras;
  for (std::size_t s = 0; s < chart.bars.size(); ++s) {
    for (std::size_t i = 0; i < std::min(count, chart.bars[s].values.size()); ++i)
      values.push_back(chart.bars[s].values[i]);
    if (chart.bars.size() > 1)
      extras.legend.push_back({chart.bars[s].name, static_cast<int>(s), LegendItem::Mark::kBox});
  }
  AxisSpec value_spec = chart.y;
  value_spec.scale = Scale::kLinear;  // bars are lengths from zero, which a log axis does not have
  std::vector<double> shown = values;
  if (!chart.horizontal) {
    for (const Baseline& line : chart.baselines) shown.push_back(line.value);
    extras.baselines = chart.baselines;
  }
  // Values at the ends of lying bars take room beyond them.
  const AxisScale value_axis(value_spec, shown, chart.show_values ? (chart.horizontal ? 0.16 : 0.09) : 0.05, true);
  for (const double value : values) extras.not_drawn += value_axis.shows(value) ? 0 : 1;
  const AxisScale name_axis({chart.x.label, Scale::kLinear, 0.0, static_cast<double>(std::max<std::size_t>(count, 1))},
                            {}, 0);

  if (chart.horizontal) {
    extras.y_names.assign(chart.categories.rbegin(), chart.categories.rend());
  } else {
    extras.x_names = chart.categories;
  }
  PlotSpec spec = chart;
  if (chart.horizontal) std::swap(spec.x, spec.y);
  const PlotFrame frame(spec, chart.horizontal ? value_axis : name_axis, chart.horizontal ? name_axis : value_axis,
                        std::move(extras));

  std::string data, labels;
  const double slot = (chart.horizontal ? frame.bottom() - frame.top() : frame.right() - frame.left()) /
                      static_cast<double>(std::max<std::size_t>(count, 1));
  const double gap = std::clamp(slot * 0.22, 0.5, 24.0);
  const double thickness =
      std::min((slot - gap) / static_cast<double>(std::max<std::size_t>(chart.bars.size(), 1)), 64.0);
  const bool room_for_values = chart.horizontal ? thickness >= 12.5 : thickness >= 22;
  // All values of a chart have the same number of decimals.
  double largest = 0;
  bool whole = true;
  for (const double value : values) {
    if (!value_axis.shows(value)) continue;
    largest = std::max(largest, std::abs(value));
    whole = whole && value == std::floor(value);
  }
  const int decimals = whole ? 0 : decimals_for(largest, 3);
  for (std::size_t s = 0; s < chart.bars.size(); ++s) {
    const int colour = palette_index(static_cast<int>(s));
    const double offset = (static_cast<double>(s) - static_cast<double>(chart.bars.size()) / 2) * thickness;
    const double air = thickness > 6 ? 1 : 0;
    for (std::size_t i = 0; i < std::min(count, chart.bars[s].values.size()); ++i) {
      const double value = chart.bars[s].values[i];
      if (!value_axis.shows(value)) continue;
      const std::string text = format_fixed(value, decimals);
      const std::string tip =
          chart.categories[i] + (chart.bars[s].name.empty() ? "" : ", " + chart.bars[s].name) + ": " + text;
      if (chart.horizontal) {
        const double start = frame.y(static_cast<double>(count - i) - 0.5) + offset;
        data += rectangle(frame.x(0), start + air / 2, frame.x(value), start + thickness - air / 2, colour, tip);
        if (chart.show_values && room_for_values) {
          labels += svg_text(frame.x(value) + (value < 0 ? -5 : 5), start + thickness / 2 + 4,
                             value < 0 ? "l e" : "l s", text);
        }
      } else {
        const double start = frame.x(static_cast<double>(i) + 0.5) + offset;
        data += rectangle(start + air / 2, frame.y(0), start + thickness - air / 2, frame.y(value), colour, tip);
        if (chart.show_values && room_for_values && text_width(text, 11.5) <= thickness + gap) {
          labels += svg_text(start + thickness / 2, frame.y(value) + (value < 0 ? 14 : -5), "k", text);
        }
      }
    }
  }
  return frame.wrap(data, labels);
}

}  // namespace gg::apps
