// What surrounds the data of every plot: title, legend, axes with ticks, labels in the right margin. It decides how
// much room these take, so that nothing overlaps; the plots draw into what is left.
#pragma once

#include <string>
#include <vector>

#include "apps/common/axis.h"

namespace gg::apps {

struct LegendItem {
  enum class Mark { kLine, kDashed, kBox, kDot };
  std::string name;
  int colour = 0;
  Mark mark = Mark::kLine;
};

class PlotFrame {
 public:
  /// What a plot may ask for besides its axes.
  struct Extras {
    std::vector<LegendItem> legend;    ///< items without a name are left out
    std::vector<Baseline> baselines;   ///< dashed lines at y; those that the axis cannot show are left out
    std::vector<std::string> x_names;  ///< names at 0.5, 1.5, ... on the x axis in place of ticks; turned if crowded
    std::vector<std::string> y_names;  ///< the same upwards on the y axis
    bool equal_units = false;          ///< widen one axis so that a unit is as long in x as in y
    long not_drawn = 0;                ///< values left out, told below the plot
  };

  PlotFrame(const PlotSpec& spec, AxisScale x, AxisScale y, Extras extras);

  const AxisScale& x_axis() const { return x_; }
  const AxisScale& y_axis() const { return y_; }
  /// Pixels of a value.
  double x(double value) const;
  double y(double value) const;
  double left() const { return left_; }
  double right() const { return right_; }
  double top() const { return top_; }
  double bottom() const { return bottom_; }

  /// The whole <svg> element with `data`, which is clipped to the plotting area, and `labels` above it, not clipped.
  std::string wrap(const std::string& data, const std::string& labels = {}) const;

 private:
  struct Placed {
    double x = 0;
    double y = 0;
    LegendItem item;
  };
  void place_head(const PlotSpec& spec, const std::vector<LegendItem>& legend);
  void place_margins(const PlotSpec& spec);
  void equalise_units();
  std::string draw_axes() const;
  std::string draw_x_names() const;
  std::string draw_legend() const;
  std::string draw_baselines() const;

  AxisScale x_;
  AxisScale y_;
  Extras extras_;
  std::string title_;
  int width_;
  int height_;
  double left_ = 0, right_ = 0, top_ = 0, bottom_ = 0;
  double y_label_baseline_ = 0;
  bool turned_names_ = false;
  std::vector<Tick> x_ticks_, y_ticks_;
  std::vector<Placed> legend_;
};

}  // namespace gg::apps
