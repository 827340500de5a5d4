// Curves: to_svg(LinePlot). The frame around them is plot_frame.h.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/common/plot_frame.h"
#include "apps/common/svg.h"

namespace gg::apps {
namespace {

struct Point {
  double x, y;
};

double x_of(const Series& series, std::size_t i) { return series.x.empty() ? static_cast<double>(i) : series.x[i]; }

std::size_t length_of(const Series& series) {
  return series.x.empty() ? series.y.size() : std::min(series.x.size(), series.y.size());
}

/// Keeps first, lowest, highest and last of the points in each column of one pixel, in their order.
std::vector<Point> thin(const std::vector<Point>& points) {
  std::vector<Point> out;
  for (std::size_t i = 0; i < points.size();) {
    std::size_t end = i + 1;
    while (end < points.size() && std::floor(points[end].x) == std::floor(points[i].x)) ++end;
    const auto [low, high] = std::minmax_element(points.begin() + static_cast<std::ptrdiff_t>(i),
                                                 points.begin() + static_cast<std::ptrdiff_t>(end),
                                                 [](const Point& a, const Point& b) { return a.y < b.y; });
    std::size_t keep[] = {i, static_cast<std::size_t>(low - points.begin()),
                          static_cast<std::size_t>(high - points.begin()), end - 1};
    std::sort(std::begin(keep), std::end(keep));
    for (std::size_t k = 0; k < 4; ++k) {
      if (k == 0 || keep[k] != keep[k - 1]) out.push_back(points[keep[k]]);
    }
    i = end;
  }
  return out;
}

std::string dot(const Point& at, double radius, int colour) {
  return fmt::format("<circle cx=\"{}\" cy=\"{}\" r=\"{}\" class=\"f{}\"/>", svg_number(at.x), svg_number(at.y), radius,
                     colour);
}

/// The mean of the values within `reach` places to either side of each. Nothing is smoothed across a gap.
std::vector<double> running_mean(const std::vector<double>& values, std::size_t reach) {
  std::vector<double> sums(values.size() + 1, 0);
  for (std::size_t i = 0; i < values.size(); ++i) sums[i + 1] = sums[i] + values[i];
  std::vector<double> out;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t first = i - std::min(i, reach);
    const std::size_t end = std::min(values.size(), i + reach + 1);
    out.push_back((sums[end] - sums[first]) / static_cast<double>(end - first));
  }
  return out;
}

/// One unbroken piece of a curve.
std::string draw_piece(const std::vector<Point>& points, const Series& series, int colour, std::size_t room,
                       const char* style = "") {
  if (points.empty()) return "";
  if (points.size() == 1) return dot(points.front(), 3, colour);
  std::string path;
  for (const Point& point : points.size() > 2 * room ? thin(points) : points) {
    path += fmt::format("{}{} {}", path.empty() ? "M" : "L", svg_number(point.x), svg_number(point.y));
  }
  std::string out = fmt::format("<path class=\"w c{}{}\"{} d=\"{}\"/>", colour, series.dashed ? " d" : "", style, path);
  if (series.markers && points.size() <= 200) {
    for (const Point& point : points) out += dot(point, 3.2, colour);
  }
  return out;
}

}  // namespace

std::string to_svg(const LinePlot& plot) {
  std::vector<double> xs, ys;
  PlotFrame::Extras extras;
  for (std::size_t s = 0; s < plot.series.size(); ++s) {
    const Series& series = plot.series[s];
    for (std::size_t i = 0; i < length_of(series); ++i) {
      xs.push_back(x_of(series, i));
      ys.push_back(series.y[i]);
    }
    const int colour = series.colour >= 0 ? series.colour : static_cast<int>(s);
    const bool dashed = series.dashed || (series.colour < 0 && s >= kPaletteSize);
    extras.legend.push_back({series.name, colour, dashed ? LegendItem::Mark::kDashed : LegendItem::Mark::kLine});
  }
  for (const Baseline& line : plot.baselines) ys.push_back(line.value);
  extras.baselines = plot.baselines;
  AxisSpec x_spec = plot.x;
  const auto counts = [](double value) { return !std::isfinite(value) || value == std::floor(value); };
  x_spec.whole = x_spec.whole || std::all_of(xs.begin(), xs.end(), counts);
  const AxisScale x(x_spec, xs, 0.01);
  const AxisScale y(plot.y, ys, 0.06);
  for (const Series& series : plot.series) {
    for (std::size_t i = 0; i < length_of(series); ++i) {
      extras.not_drawn += x.shows(x_of(series, i)) && y.shows(series.y[i]) ? 0 : 1;
    }
  }
  const std::vector<LegendItem> marks = extras.legend;
  const PlotFrame frame(plot, x, y, std::move(extras));

  std::string data;
  const auto room = static_cast<std::size_t>(std::max(1.0, frame.right() - frame.left()));
  for (std::size_t s = 0; s < plot.series.size(); ++s) {
    Series series = plot.series[s];
    series.dashed = marks[s].mark == LegendItem::Mark::kDashed;
    const int colour = palette_index(marks[s].colour);
    std::vector<double> at, values;  // the piece that is being gathered
    const auto draw = [&] {
      std::vector<Point> points;
      for (std::size_t i = 0; i < at.size(); ++i) points.push_back({frame.x(at[i]), frame.y(values[i])});
      const bool smooth = series.smooth && at.size() > 4;
      data += draw_piece(points, series, colour, room, smooth ? " style=\"stroke-opacity:.28;stroke-width:1\"" : "");
      if (smooth) {
        values = running_mean(values, std::max<std::size_t>(1, length_of(series) / 100));
        for (std::size_t i = 0; i < at.size(); ++i) points[i].y = frame.y(values[i]);
        data += draw_piece(points, series, colour, room);
      }
      at.clear();
      values.clear();
    };
    for (std::size_t i = 0; i < length_of(series); ++i) {
      if (x.shows(x_of(series, i)) && y.shows(series.y[i])) {
        at.push_back(x_of(series, i));
        values.push_back(series.y[i]);
      } else {
        draw();
      }
    }
    draw();
  }
  return frame.wrap(data);
}

}  // namespace gg::apps
