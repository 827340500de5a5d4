// Schedule: a learning rate or a weight decay that changes while training goes on. A plain value without state, so a
// resumed run sees the same numbers, and one that knows its own integrals, which optim/weight_rms.h reads.
//
//   const optim::Schedule rate = optim::cosine({.peak = 3e-4, .steps = 2000, .warmup = 100});
//   optimizer.step(rate(step));      // steps count from 0
//   rate.integral(2000);             // what the weights have been moved by at most
//
// A schedule is a curve over time, in steps. Update number k lasts from k to k + 1 and takes the value at its middle:
// no update of a warm-up or of a decay to 0 is lost to a rate of exactly 0, and sums over updates are the midpoint rule
// of the integrals, exact for constant and linear parts and for whole half-waves of a cosine. After its last step a
// schedule stays where it is.
//
// All functions throw gg::Error, when called, for numbers that contradict each other.
// Read next: rate_and_decay.h (a rate and a decay together, for groups of an optimiser).
#pragma once

#include <cstdint>
#include <vector>

#include "optim/schedule_shapes.h"

namespace gg::optim {

class Schedule {
 public:
  /// The same value at all times, so that a number will do where a schedule is asked for. Finite, not negative.
  Schedule(double value = 0);  // NOLINT(google-explicit-constructor)

  /// The value of update `step`, from 0: the curve at step + 1/2.
  double operator()(int64_t step) const;
  /// The curve at time `s` ≥ 0.
  double at(double s) const;

  /// ∫₀ᵗ η ds and ∫₀ᵗ η² ds, t finite, from closed forms.
  double integral(double t) const;
  double square_integral(double t) const;
  /// Σ η and Σ η² over the first `steps` updates, added up one by one.
  double sum(int64_t steps) const;
  double square_sum(int64_t steps) const;

  /// The largest value of the curve (or its limit), η_max.
  double maximum() const;
  /// Whether it is the same at all times.
  bool is_constant() const;
  /// The values of the first `steps` updates.
  std::vector<double> values(int64_t steps) const;

  /// All values times `factor`, finite and not negative.
  friend Schedule operator*(double factor, Schedule schedule);

 private:
  struct Part {
    double begin;  ///< where the shape's own time is 0; it lasts until the next part begins
    ScheduleShape shape;
  };
  friend Schedule schedule_of(const ScheduleShape& shape);
  friend Schedule chain(const std::vector<struct Link>& links);
  template <class Integral>
  double accumulate(double t, Integral integral) const;

  std::vector<Part> parts_;
};

/// From `from` at time 0 to `to` at time `steps` in a straight line: a warm-up or a decay.
struct LinearOptions {
  double from = 0, to = 0;
  int64_t steps = 0;
};
Schedule linear(const LinearOptions& options);

/// From `peak` to `minimum` along half a cosine (Loshchilov and Hutter 2017), after a linear warm-up from 0. `steps` is
/// the length of both together.
struct CosineOptions {
  double peak = 1e-3;
  int64_t steps = 0;
  double minimum = 0;
  int64_t warmup = 0;
};
Schedule cosine(const CosineOptions& options);

/// Warm-up, stable, decay (Hu et al. 2024): from 0 to peak in `warmup` steps, peak, and in the last `decay` of all
/// `steps` in a straight line to `minimum`.
struct WsdOptions {
  double peak = 1e-3;
  int64_t steps = 0;
  double minimum = 0;
  int64_t warmup = 0;
  int64_t decay = 0;
};
Schedule wsd(const WsdOptions& options);

/// minimum + (peak − minimum)·(1 − x)^power, where x goes from 0 to 1 behind the warm-up: power 1 is a linear decay.
struct PolynomialOptions {
  double peak = 1e-3;
  int64_t steps = 0;
  double minimum = 0;
  int64_t warmup = 0;
  double power = 1;  ///< at least 0
};
Schedule polynomial(const PolynomialOptions& options);

/// start·factor^⌊s/every⌋.
struct StepDecayOptions {
  double start = 1e-3;
  int64_t every = 0;
  double factor = 0.1;  ///< in (0, 1]
};
Schedule step_decay(const StepDecayOptions& options);

/// start·(1 + s/scale)^(−power): power 1/2 is the schedule of the first Transformer behind its warm-up. The sum of the
/// squares converges above 1/2, the sum itself up to 1 does not.
struct InversePowerOptions {
  double start = 1e-3;
  double power = 0.5;  ///< at least 0
  double scale = 1;    ///< steps until it has fallen by 2^power
};
Schedule inverse_power(const InversePowerOptions& options);

/// A value for so many steps, then the next; the last one stays.
struct Level {
  double value = 0;
  int64_t steps = 0;
};
Schedule piecewise(const std::vector<Level>& levels);

/// One schedule for so many steps, then the next from its own beginning; the last one goes on by itself.
///   chain({{linear({.to = 1e-3, .steps = 100}), 100}, {step_decay({.start = 1e-3, .every = 1000})}})
struct Link {
  Schedule schedule;
  int64_t steps = 0;  ///< at least 1; of the last link it means nothing
};
Schedule chain(const std::vector<Link>& links);

}  // namespace gg::optim
