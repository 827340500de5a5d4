#include "optim/schedule.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"

namespace gg::optim {
namespace {

void check_value(const char* name, const char* what, double value) {
  GG_CHECK(value >= 0 && std::isfinite(value), name, ": ", what, " must be finite and not negative, got ", value);
}

void check_time(double t) { GG_CHECK(t >= 0, "Schedule: time counts from 0, got ", t); }

void check_steps(int64_t steps) { GG_CHECK(steps >= 0, "Schedule: steps count from 0, got ", steps); }

void check_course(const char* name, double peak, double minimum, int64_t steps, int64_t warmup, int64_t decay = 0) {
  check_value(name, "the peak", peak);
  check_value(name, "the minimum", minimum);
  GG_CHECK(minimum <= peak, name, ": the minimum, ", minimum, ", is above the peak, ", peak);
  GG_CHECK(warmup >= 0 && decay >= 0 && steps >= 1 && warmup <= steps && decay <= steps - warmup, name, ": ", warmup,
           " steps of warm-up and ", decay, " of decay do not fit into ", steps, " steps");
}

// From 0 to where `rest` begins in `warmup` steps, then `rest`.
Schedule warmed_up(int64_t warmup, double peak, const Schedule& rest) {
  if (warmup == 0) return rest;
  return chain({{linear({.to = peak, .steps = warmup}), warmup}, {rest}});
}

}  // namespace

Schedule schedule_of(const ScheduleShape& shape) {
  Schedule schedule;
  schedule.parts_ = {{0, shape}};
  return schedule;
}

Schedule::Schedule(double value) : parts_{{0, PowerShape{value, value, 0, 1}}} {
  check_value("Schedule", "a constant", value);
}

double Schedule::operator()(int64_t step) const {
  check_steps(step);
  return at(static_cast<double>(step) + 0.5);
}

double Schedule::at(double s) const {
  check_time(s);
  const auto after =
      std::upper_bound(parts_.begin(), parts_.end(), s, [](double t, const Part& p) { return t < p.begin; });
  const Part& part = *(after - 1);  // the first part begins at 0
  return std::visit([&](const auto& shape) { return shape.at(s - part.begin); }, part.shape);
}

template <class Integral>
double Schedule::accumulate(double t, Integral integral) const {
  GG_CHECK(t >= 0 && std::isfinite(t), "Schedule: an integral goes from 0 to a finite time, got ", t);
  double sum = 0;
  for (size_t i = 0; i < parts_.size() && parts_[i].begin < t; ++i) {
    const double end = i + 1 < parts_.size() ? std::min(t, parts_[i + 1].begin) : t;
    sum += std::visit([&](const auto& shape) { return integral(shape, end - parts_[i].begin); }, parts_[i].shape);
  }
  return sum;
}

double Schedule::integral(double t) const {
  return accumulate(t, [](const auto& shape, double x) { return shape.integral(x); });
}

double Schedule::square_integral(double t) const {
  return accumulate(t, [](const auto& shape, double x) { return shape.square_integral(x); });
}

double Schedule::sum(int64_t steps) const {
  check_steps(steps);
  double sum = 0;
  for (int64_t step = 0; step < steps; ++step) sum += (*this)(step);
  return sum;
}

double Schedule::square_sum(int64_t steps) const {
  check_steps(steps);
  double sum = 0;
  for (int64_t step = 0; step < steps; ++step) {
    const double value = (*this)(step);
    sum += value * value;
  }
  return sum;
}

double Schedule::maximum() const {
  double largest = 0;
  for (size_t i = 0; i < parts_.size(); ++i) {  // the shapes are monotone
    const double length =
        i + 1 < parts_.size() ? parts_[i + 1].begin - parts_[i].begin : std::numeric_limits<double>::max();
    largest = std::visit(
        [&](const auto& shape) {
          return std::max({largest, shape.at(0), shape.at(length)});
        },
        parts_[i].shape);
  }
  return largest;
}

bool Schedule::is_constant() const {
  const auto* shape = std::get_if<PowerShape>(&parts_[0].shape);
  return parts_.size() == 1 && shape != nullptr && (shape->length == 0 || shape->from == shape->to);
}

std::vector<double> Schedule::values(int64_t steps) const {
  check_steps(steps);
  std::vector<double> all;
  all.reserve(static_cast<size_t>(steps));
  for (int64_t step = 0; step < steps; ++step) all.push_back((*this)(step));
  return all;
}

Schedule operator*(double factor, Schedule schedule) {
  check_value("Schedule", "a factor", factor);
  for (Schedule::Part& part : schedule.parts_) part.shape = scaled(part.shape, factor);
  return schedule;
}

Schedule linear(const LinearOptions& o) {
  check_value("linear", "the value from", o.from);
  check_value("linear", "the value to", o.to);
  GG_CHECK(o.steps >= 1, "linear: it needs at least one step, got ", o.steps);
  return schedule_of(PowerShape{o.from, o.to, static_cast<double>(o.steps), 1});
}

Schedule cosine(const CosineOptions& o) {
  check_course("cosine", o.peak, o.minimum, o.steps, o.warmup);
  return warmed_up(o.warmup, o.peak,
                   schedule_of(CosineShape{o.peak, o.minimum, static_cast<double>(o.steps - o.warmup)}));
}

Schedule wsd(const WsdOptions& o) {
  check_course("wsd", o.peak, o.minimum, o.steps, o.warmup, o.decay);
  const int64_t stable = o.steps - o.warmup - o.decay;
  Schedule rest = o.peak;
  if (o.decay > 0) {
    rest = linear({.from = o.peak, .to = o.minimum, .steps = o.decay});
    if (stable > 0) rest = chain({{o.peak, stable}, {rest}});
  }
  return warmed_up(o.warmup, o.peak, rest);
}

Schedule polynomial(const PolynomialOptions& o) {
  check_course("polynomial", o.peak, o.minimum, o.steps, o.warmup);
  check_value("polynomial", "the power", o.power);
  return warmed_up(o.warmup, o.peak,
                   schedule_of(PowerShape{o.peak, o.minimum, static_cast<double>(o.steps - o.warmup), o.power}));
}

Schedule step_decay(const StepDecayOptions& o) {
  check_value("step_decay", "the start", o.start);
  GG_CHECK(o.every >= 1, "step_decay: expected at least 1 step between changes, got ", o.every);
  GG_CHECK(o.factor > 0 && o.factor <= 1, "step_decay: the factor must be in (0, 1], got ", o.factor);
  return schedule_of(StairShape{o.start, static_cast<double>(o.every), o.factor});
}

Schedule inverse_power(const InversePowerOptions& o) {
  check_value("inverse_power", "the start", o.start);
  check_value("inverse_power", "the power", o.power);
  GG_CHECK(o.scale > 0 && std::isfinite(o.scale), "inverse_power: the scale must be positive, got ", o.scale);
  return schedule_of(InversePowerShape{o.start, o.power, o.scale});
}

Schedule piecewise(const std::vector<Level>& levels) {
  GG_CHECK(!levels.empty(), "piecewise: it needs at least one level");
  std::vector<Link> links;
  for (const Level& level : levels) links.push_back({level.value, level.steps});
  return chain(links);
}

Schedule chain(const std::vector<Link>& links) {
  GG_CHECK(!links.empty(), "chain: it needs at least one schedule");
  Schedule all;
  all.parts_.clear();
  double begin = 0;
  for (size_t i = 0; i < links.size(); ++i) {
    const bool last = i + 1 == links.size();
    GG_CHECK(last || links[i].steps >= 1, "chain: schedule ", i, " of ", links.size(), " lasts ", links[i].steps,
             " steps; it needs at least one");
    const double end = last ? std::numeric_limits<double>::infinity() : begin + static_cast<double>(links[i].steps);
    for (const Schedule::Part& part : links[i].schedule.parts_) {
      if (begin + part.begin >= end) break;
      all.parts_.push_back({begin + part.begin, part.shape});
    }
    begin = end;
  }
  return all;
}

}  // namespace gg::optim
