// One axis of a plot: limits from the data, the place of a value, and ticks at round numbers.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "apps/common/plots.h"

namespace gg::apps {

/// A mark on an axis; without a label it is a minor grid line.
struct Tick {
  double value = 0;
  std::string label;
};

class AxisScale {
 public:
  /// Fits the limits to those `values` that the axis can show, with `padding` (a share of the range) at both ends.
  /// `from_zero`: a linear axis reaches to zero and is not padded there (bars). No value at all gives 0 to 1 (1 to 10).
  AxisScale(const AxisSpec& spec, std::span<const double> values, double padding, bool from_zero = false);

  /// Where `value` lies between the limits: 0 at low, 1 at high. Clamped to [-10, 10]. Only for values that it shows().
  double place(double value) const;
  /// True for finite numbers, on a log axis positive ones.
  bool shows(double value) const;
  /// About `target` labelled ticks between the limits, in rising order.
  std::vector<Tick> ticks(int target) const;

  double low() const { return low_; }
  double high() const { return high_; }
  bool is_log() const { return log_; }
  const std::string& label() const { return label_; }

 private:
  std::vector<Tick> linear_ticks(int target) const;
  std::vector<Tick> log_ticks(int target) const;

  std::string label_;
  bool log_;
  bool whole_;
  double low_;
  double high_;
};

}  // namespace gg::apps
