#include "optim/schedule_shapes.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace gg::optim {
namespace {

constexpr double kPi = std::numbers::pi;

// ∫₀ˣ (1 − s/length)^power ds = length·(1 − (1 − x/length)^(power + 1))/(power + 1), without cancelling at small x.
double falling(double x, double length, double power) {
  return -length * std::expm1((power + 1) * std::log1p(-x / length)) / (power + 1);
}

// ∫₀ˣ (1 + s/scale)^(−power) ds, also where power is 1 or close to it.
double rising(double x, double scale, double power) {
  const double u = std::log1p(x / scale), q = 1 - power;
  return scale * (q == 0 ? u : std::expm1(q * u) / q);
}

// ∫₀ˣ factor^⌊s/every⌋ ds.
double stairs(double x, double every, double factor) {
  const double whole = std::floor(x / every), rest = x - whole * every;
  // (1 − factor^whole)/(1 − factor), without cancelling where the factor is close to 1.
  const double log = std::log1p(factor - 1), steps = log == 0 ? whole : std::expm1(whole * log) / (factor - 1);
  return every * steps + std::pow(factor, whole) * rest;
}

}  // namespace

double PowerShape::at(double x) const {
  if (x >= length) return to;
  const double part = x / length;
  if (power == 1) return from * (1 - part) + to * part;  // exact digits at both ends
  return to + (from - to) * std::pow(1 - part, power);
}

double PowerShape::integral(double x) const {
  if (length == 0) return to * x;
  return to * x + (from - to) * falling(std::min(x, length), length, power);
}

double PowerShape::square_integral(double x) const {
  if (length == 0) return to * to * x;
  const double end = std::min(x, length), d = from - to;
  return to * to * x + 2 * to * d * falling(end, length, power) + d * d * falling(end, length, 2 * power);
}

double CosineShape::at(double x) const {
  return x < length ? to + (from - to) * 0.5 * (1 + std::cos(kPi * x / length)) : to;
}

double CosineShape::integral(double x) const {
  if (length == 0) return to * x;
  const double end = std::min(x, length), middle = (from + to) / 2, half = (from - to) / 2;
  return middle * end + half * length / kPi * std::sin(kPi * end / length) + to * (x - end);
}

double CosineShape::square_integral(double x) const {
  if (length == 0) return to * to * x;
  const double end = std::min(x, length), middle = (from + to) / 2, half = (from - to) / 2;
  return middle * middle * end + 2 * middle * half * length / kPi * std::sin(kPi * end / length) +
         half * half * (end / 2 + length / (4 * kPi) * std::sin(2 * kPi * end / length)) + to * to * (x - end);
}

double StairShape::at(double x) const { return start * std::pow(factor, std::floor(x / every)); }

double StairShape::integral(double x) const { return start * stairs(x, every, factor); }

double StairShape::square_integral(double x) const { return start * start * stairs(x, every, factor * factor); }

double InversePowerShape::at(double x) const { return start * std::pow(1 + x / scale, -power); }

double InversePowerShape::integral(double x) const { return start * rising(x, scale, power); }

double InversePowerShape::square_integral(double x) const { return start * start * rising(x, scale, 2 * power); }

ScheduleShape scaled(ScheduleShape shape, double factor) {
  std::visit(
      [&](auto& s) {
        if constexpr (requires { s.from; }) {
          s.from *= factor;
          s.to *= factor;
        } else {
          s.start *= factor;
        }
      },
      shape);
  return shape;
}

}  // namespace gg::optim
