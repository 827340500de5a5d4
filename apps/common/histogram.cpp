// Histograms: to_svg(Histogram). The frame around them is plot_frame.h.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/common/plot_frame.h"
#include "apps/common/svg.h"

namespace gg::apps {
namespace {

/// The share of the sample's values in each bin, out of all that the axis can show.
std::vector<double> shares(const std::vector<double>& values, const AxisScale& x, int bins) {
  std::vector<double> out(static_cast<std::size_t>(bins), 0);
  double total = 0;
  for (const double value : values) {
    if (!x.shows(value)) continue;
    total += 1;
    const double place = x.place(value);
    if (place < 0 || place > 1) continue;  // beyond limits that were asked for
    out[static_cast<std::size_t>(std::min(static_cast<int>(place * bins), bins - 1))] += 1;
  }
  for (double& share : out) share = total > 0 ? share / total : 0;
  return out;
}

}  // namespace

std::string to_svg(const Histogram& histogram) {
  const int bins = std::clamp(histogram.bins, 1, 2000);
  std::vector<double> all;
  PlotFrame::Extras extras;
  for (std::size_t s = 0; s < histogram.samples.size(); ++s) {
    const Samples& sample = histogram.samples[s];
    all.insert(all.end(), sample.values.begin(), sample.values.end());
    extras.legend.push_back({sample.name, static_cast<int>(s), LegendItem::Mark::kBox});
  }
  const AxisScale x(histogram.x, all, 0);
  for (const double value : all) extras.not_drawn += x.shows(value) ? 0 : 1;
  std::vector<std::vector<double>> heights;
  std::vector<double> all_heights;
  for (const Samples& sample : histogram.samples) {
    heights.push_back(shares(sample.values, x, bins));
    all_heights.insert(all_heights.end(), heights.back().begin(), heights.back().end());
  }
  AxisSpec y_spec = histogram.y;
  if (y_spec.label.empty()) y_spec.label = "share of values";
  const AxisScale y(y_spec, all_heights, 0.06, true);
  const PlotFrame frame(histogram, x, y, std::move(extras));

  std::string data;
  const double base = frame.y(std::max(0.0, y.low() > 0 ? y.low() : 0.0));
  for (std::size_t s = 0; s < heights.size(); ++s) {
    std::string outline;
    for (int b = 0; b < bins; ++b) {
      const double left = frame.left() + (frame.right() - frame.left()) * b / bins;
      const double right = frame.left() + (frame.right() - frame.left()) * (b + 1) / bins;
      const double height = heights[s][static_cast<std::size_t>(b)];
      const std::string top = svg_number(y.shows(height) ? frame.y(height) : base);
      outline += fmt::format("L{} {}L{} {}", svg_number(left), top, svg_number(right), top);
    }
    const std::string from = svg_number(frame.left()) + " " + svg_number(base);
    const std::string to = svg_number(frame.right()) + " " + svg_number(base);
    const int colour = palette_index(static_cast<int>(s));
    data += fmt::format(
        "<path class=\"o f{0}\" d=\"M{1}{2}L{3}Z\"/><path class=\"w c{0}\" style=\"stroke-width:1.6\" "
        "d=\"M{1}{2}L{3}\"/>",
        colour, from, outline, to);
  }
  return frame.wrap(data);
}

}  // namespace gg::apps
