// Plots as SVG text: to put into a report as they are, or to write to a file. They adapt to light and dark pages, and
// take any numbers: empty series, NaN, infinities and constants give a plain plot, never a broken one.
// The drawing is in line_plot.cpp, bar_chart.cpp, histogram.cpp and scatter_plot.cpp, on top of plot_frame.h and
// axis.h.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace gg::apps {

enum class Scale { kLinear, kLog };

/// One axis. Limits are taken from the data where not given.
struct AxisSpec {
  std::string label;
  Scale scale = Scale::kLinear;
  std::optional<double> low = std::nullopt;
  std::optional<double> high = std::nullopt;
  bool whole = false;  ///< ticks at whole numbers only; line plots see by themselves that x counts something
};

/// What all plots have. Sizes are in CSS pixels: 520×330 stands well in half a report's width, 1060×380 in all of it.
struct PlotSpec {
  std::string title;
  AxisSpec x;
  AxisSpec y;
  int width = 520;
  int height = 330;
};

/// A dashed horizontal line with its name and value in the right margin: what a simple method reaches.
struct Baseline {
  std::string name;
  double value = 0;
};

/// A curve. A point that cannot be drawn (NaN, infinite, not positive on a log axis) leaves a gap, and is counted below
/// the plot. `x` empty: 0, 1, 2, ...
struct Series {
  std::string name = {};
  std::vector<double> x = {};
  std::vector<double> y = {};
  bool dashed = false;
  bool markers = false;
  bool smooth = false;  ///< values faint, with their running mean over a fiftieth of the curve on top
  int colour = -1;      ///< index into the palette of ten; -1: by position
};

struct LinePlot : PlotSpec {
  std::vector<Series> series;
  std::vector<Baseline> baselines;
};
/// A curve of more points than the plot has pixels is thinned to its extremes per column, which look the same.
std::string to_svg(const LinePlot& plot);

struct Bars {
  std::string name;            ///< for the legend; may be empty where there is only one
  std::vector<double> values;  ///< one for each category
};

/// Bars from zero, those of one category side by side. `y` is the value axis, also when they lie.
struct BarChart : PlotSpec {
  std::vector<std::string> categories;
  std::vector<Bars> bars;
  std::vector<Baseline> baselines;  ///< for standing bars
  bool horizontal = false;          ///< bars lie, names on the left: for long names
  bool show_values = false;         ///< each bar's value at its end
};
std::string to_svg(const BarChart& chart);

struct Samples {
  std::string name;
  std::vector<double> values;
};

/// Shares of the values per bin, of one sample or several laid over one another.
struct Histogram : PlotSpec {
  std::vector<Samples> samples;
  int bins = 40;
};
std::string to_svg(const Histogram& histogram);

/// Points in classes.
struct ScatterPlot : PlotSpec {
  std::vector<double> xs;
  std::vector<double> ys;
  std::vector<int> classes;              ///< one per point, or empty; negative: drawn grey
  std::vector<std::string> class_names;  ///< legend; may be empty
  bool names_in_place = false;           ///< names at the middle of each class, in place of the legend
  bool equal_units = false;              ///< one unit is as long in x as in y
  int max_points = 6000;                 ///< more are thinned evenly
};
std::string to_svg(const ScatterPlot& plot);

}  // namespace gg::apps
