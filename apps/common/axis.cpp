#include "apps/common/axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "apps/common/text.h"

namespace gg::apps {
namespace {

// Beyond these the arithmetic of ranges would overflow or underflow; such values count as not showable.
constexpr double kHuge = 1e290;
constexpr double kTiny = 1e-290;

/// The power of ten at or below `value`, > 0.
int exponent_of(double value) { return static_cast<int>(std::floor(std::log10(value) + 1e-9)); }

/// 1, 2, 2.5 or 5 times a power of ten, near range / target.
double nice_step(double range, int target) {
  const double raw = range / std::max(target, 1);
  const double power = std::pow(10.0, exponent_of(raw));
  const double share = raw / power;
  return power * (share < 1.42 ? 1 : share < 2.24 ? 2 : share < 3.54 ? 2.5 : share < 7.07 ? 5 : 10);
}

/// Labels of one axis look alike: same unit, same decimals.
struct LabelFormat {
  double unit = 1;
  std::string suffix;
  int decimals = 0;

  LabelFormat(double largest, double step) {
    const int exponent = largest > 0 ? exponent_of(largest) : 0;
    if (largest > 0 && (exponent >= 12 || exponent <= -4)) {
      unit = std::pow(10.0, exponent);
      suffix = "×10" + superscript(exponent);
    } else if (exponent >= 9) {
      unit = 1e9, suffix = "G";
    } else if (exponent >= 6) {
      unit = 1e6, suffix = "M";
    } else if (exponent >= 4) {
      unit = 1e3, suffix = "k";
    }
    // A step of 2.5 needs one digit more than its power of ten says.
    const double scaled = step / unit;
    const int power = exponent_of(scaled);
    const double share = scaled / std::pow(10.0, power);
    decimals = std::clamp(-power + (std::abs(share - std::round(share)) > 0.01 ? 1 : 0), 0, 9);
  }

  std::string operator()(double value) const {
    if (value == 0) return "0";
    return format_fixed(value / unit, decimals) + suffix;
  }
};

std::string power_label(int exponent) {
  if (exponent >= -3 && exponent <= 3) return format_fixed(std::pow(10.0, exponent), std::max(0, -exponent));
  if (exponent == 4) return "10k";
  if (exponent == 5) return "100k";
  return "10" + superscript(exponent);
}

}  // namespace

AxisScale::AxisScale(const AxisSpec& spec, std::span<const double> values, double padding, bool from_zero)
    : label_(spec.label), log_(spec.scale == Scale::kLog), whole_(spec.whole) {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  const auto include = [&](double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  };
  for (const double value : values) {
    if (shows(value)) include(value);
  }
  const bool low_given = spec.low && shows(*spec.low);
  const bool high_given = spec.high && shows(*spec.high);
  if (low > high) low = log_ ? 1 : 0, high = log_ ? 10 : 1;
  if (from_zero && !log_) low = std::min(low, 0.0), high = std::max(high, 0.0);
  if (low_given) low = *spec.low;
  if (high_given) high = *spec.high;
  if (low > high) std::swap(low, high);

  if (log_) {
    double log_low = std::log10(low), log_high = std::log10(high);
    if (log_high - log_low < 1e-6) log_low -= 0.3, log_high += 0.3;
    const double pad = padding * (log_high - log_low);
    low_ = low_given ? low : std::pow(10.0, log_low - pad);
    high_ = high_given ? high : std::pow(10.0, log_high + pad);
    if (!(high_ > low_)) high_ = low_ * 2;
    return;
  }
  const double size = std::max(std::abs(low), std::abs(high));
  if (high - low <= size * 1e-9 || high - low < kTiny) {
    // A constant: some room around it, and never a range that is lost in rounding.
    const double room = size < kTiny * 1e10 ? 1 : size * 0.1;
    if (!from_zero || low < 0) low -= room;
    high += room;
  }
  const double pad = padding * (high - low);
  low_ = low_given || (from_zero && low >= 0) ? low : low - pad;
  high_ = high_given || (from_zero && high <= 0) ? high : high + pad;
}

bool AxisScale::shows(double value) const {
  if (!std::isfinite(value) || std::abs(value) > kHuge) return false;
  return !log_ || value > kTiny;
}

double AxisScale::place(double value) const {
  const double place = log_ ? (std::log10(value) - std::log10(low_)) / (std::log10(high_) - std::log10(low_))
                            : (value - low_) / (high_ - low_);
  return std::isfinite(place) ? std::clamp(place, -10.0, 10.0) : 0;
}

std::vector<Tick> AxisScale::ticks(int target) const { return log_ ? log_ticks(target) : linear_ticks(target); }

std::vector<Tick> AxisScale::linear_ticks(int target) const {
  double step = nice_step(high_ - low_, target);
  if (whole_) step = step < 1.5 ? 1 : step == 2.5 ? 2 : step;
  const LabelFormat format(std::max(std::abs(low_), std::abs(high_)), step);
  std::vector<Tick> ticks;
  const double first = std::ceil(low_ / step - 1e-6);
  for (int i = 0; i < 60 && (first + i) * step <= high_ + step * 1e-6; ++i) {
    const double value = (first + i) * step;
    ticks.push_back({value, format(value)});
  }
  return ticks;
}

std::vector<Tick> AxisScale::log_ticks(int target) const {
  const double span = std::log10(high_ / low_);
  if (span < 0.7) return linear_ticks(target);
  const int first = static_cast<int>(std::floor(std::log10(low_)));
  const int last = static_cast<int>(std::ceil(std::log10(high_)));
  const int stride = std::max(1, (last - first) / std::max(target, 1));
  std::vector<Tick> ticks;
  for (int exponent = first; exponent <= last; ++exponent) {
    for (int digit = 1; digit <= 9; ++digit) {
      const double value = digit * std::pow(10.0, exponent);
      if (value < low_ * (1 - 1e-9) || value > high_ * (1 + 1e-9)) continue;
      if (digit == 1 && exponent % stride == 0) {
        ticks.push_back({value, power_label(exponent)});
      } else if (span < 2 && (digit == 2 || digit == 5)) {
        ticks.push_back({value, format_fixed(value, std::max(0, -exponent))});
      } else if (span < 5) {
        ticks.push_back({value, ""});
      }
    }
  }
  return ticks;
}

}  // namespace gg::apps
