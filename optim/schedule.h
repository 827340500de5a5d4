// Learning-rate schedules: plain values that map a step, counted from 0, to a rate. Being functions of the step alone,
// they have no state to save, and a resumed run sees the same rates.
//
//   optim::CosineLr rate{.peak = 3e-4, .steps = 2000, .warmup = 100};
//   optimizer.step(rate(step));
//
// Warm-up goes linearly from peak/warmup at step 0 to peak at step warmup − 1. Beyond the last step the rate stays what
// it was there. Each throws gg::Error if its numbers contradict each other.
#pragma once

#include <cstdint>

namespace gg::optim {

struct ConstantLr {
  double peak = 1e-3;
  int64_t warmup = 0;
  double operator()(int64_t step) const;
};

/// From peak, after the warm-up, down to `minimum` at the last of `steps` steps, in a straight line.
struct LinearLr {
  double peak = 1e-3;
  int64_t steps = 0;
  double minimum = 0;
  int64_t warmup = 0;
  double operator()(int64_t step) const;
};

/// The same along half a cosine (Loshchilov and Hutter 2017).
struct CosineLr {
  double peak = 1e-3;
  int64_t steps = 0;
  double minimum = 0;
  int64_t warmup = 0;
  double operator()(int64_t step) const;
};

/// Warm-up, stable, decay: peak until `decay` steps before the end, then in a straight line to `minimum` at the last
/// step (Hu et al. 2024).
struct WsdLr {
  double peak = 1e-3;
  int64_t steps = 0;
  double minimum = 0;
  int64_t warmup = 0;
  int64_t decay = 0;
  double operator()(int64_t step) const;
};

}  // namespace gg::optim
