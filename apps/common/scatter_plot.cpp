// Points in classes: to_svg(ScatterPlot). The frame around them is plot_frame.h.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "apps/common/plot_frame.h"
#include "apps/common/svg.h"

namespace gg::apps {
namespace {

double middle_of(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

std::string to_svg(const ScatterPlot& plot) {
  const std::size_t count = std::min(plot.xs.size(), plot.ys.size());
  const auto most = static_cast<std::size_t>(std::max(plot.max_points, 1));
  std::vector<std::size_t> picked;
  for (std::size_t k = 0; k < std::min(count, most); ++k) picked.push_back(count > most ? k * count / most : k);

  AxisSpec x_spec = plot.x, y_spec = plot.y;
  if (plot.equal_units) x_spec.scale = y_spec.scale = Scale::kLinear;
  const AxisScale x(x_spec, plot.xs, 0.04);
  const AxisScale y(y_spec, plot.ys, 0.04);
  PlotFrame::Extras extras;
  extras.equal_units = plot.equal_units;
  for (std::size_t i = 0; i < count; ++i) extras.not_drawn += x.shows(plot.xs[i]) && y.shows(plot.ys[i]) ? 0 : 1;
  if (!plot.names_in_place) {
    for (std::size_t c = 0; c < plot.class_names.size(); ++c) {
      extras.legend.push_back({plot.class_names[c], static_cast<int>(c), LegendItem::Mark::kDot});
    }
  }
  const PlotFrame frame(plot, x, y, std::move(extras));

  // Dots are zero-length strokes with round ends, many to a path, which keeps the file small. Classes take turns in
  // several rounds, so that none lies wholly on top of the others.
  constexpr std::size_t kRounds = 8;
  std::string data;
  const double size = picked.size() > 2000 ? 3.4 : picked.size() > 500 ? 4.4 : 6;
  std::map<int, std::pair<std::vector<double>, std::vector<double>>> places;
  for (std::size_t round = 0; round < kRounds; ++round) {
    std::map<int, std::string> paths;
    for (std::size_t k = round; k < picked.size(); k += kRounds) {
      const std::size_t i = picked[k];
      if (!x.shows(plot.xs[i]) || !y.shows(plot.ys[i])) continue;
      const int label = i < plot.classes.size() ? plot.classes[i] : 0;
      const double at_x = frame.x(plot.xs[i]), at_y = frame.y(plot.ys[i]);
      paths[label] += fmt::format("M{:.1f} {:.1f}h0", at_x, at_y);
      places[label].first.push_back(at_x);
      places[label].second.push_back(at_y);
    }
    for (const auto& [label, path] : paths) {
      const std::string colour = label < 0 ? "a" : fmt::format("c{}", palette_index(label));
      data += fmt::format("<path class=\"p {}\" style=\"stroke-width:{}\" d=\"{}\"/>", colour, size, path);
    }
  }
  std::string labels;
  if (plot.names_in_place) {
    for (const auto& [label, at] : places) {
      if (label < 0 || static_cast<std::size_t>(label) >= plot.class_names.size()) continue;
      labels += svg_text(middle_of(at.first), middle_of(at.second) + 4, "t h",
                         plot.class_names[static_cast<std::size_t>(label)], "style=\"font-size:12.5px\"");
    }
  }
  return frame.wrap(data, labels);
}

}  // namespace gg::apps
