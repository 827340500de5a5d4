// The shapes that schedules are made of: monotone curves over x ≥ 0 that know the integrals of themselves and of their
// squares in closed form. schedule.h puts them together, and checks their numbers.
#pragma once

#include <variant>

namespace gg::optim {

/// to + (from − to)·(1 − x/length)^power until `length`, then `to`. A constant has length 0.
struct PowerShape {
  double from, to, length, power;
  double at(double x) const;
  double integral(double x) const;         ///< ∫₀ˣ
  double square_integral(double x) const;  ///< ∫₀ˣ of the square
};

/// Half a cosine from `from` to `to` at `length`, then `to`.
struct CosineShape {
  double from, to, length;
  double at(double x) const;
  double integral(double x) const;
  double square_integral(double x) const;
};

/// start·factor^⌊x/every⌋.
struct StairShape {
  double start, every, factor;
  double at(double x) const;
  double integral(double x) const;
  double square_integral(double x) const;
};

/// start·(1 + x/scale)^(−power).
struct InversePowerShape {
  double start, power, scale;
  double at(double x) const;
  double integral(double x) const;
  double square_integral(double x) const;
};

using ScheduleShape = std::variant<PowerShape, CosineShape, StairShape, InversePowerShape>;

/// All values times `factor`.
ScheduleShape scaled(ScheduleShape shape, double factor);

}  // namespace gg::optim
