#include "optim/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/error.h"

namespace gg::optim {
namespace {

void check(const char* name, double peak, double minimum, int64_t steps, int64_t warmup, int64_t decay, int64_t step) {
  GG_CHECK(step >= 0, name, ": steps count from 0, got ", step);
  GG_CHECK(peak >= 0 && minimum >= 0 && minimum <= peak, name, ": expected 0 ≤ minimum ≤ peak, got minimum ", minimum,
           " and peak ", peak);
  GG_CHECK(warmup >= 0 && decay >= 0 && steps >= 1 && warmup + decay <= steps, name, ": ", warmup,
           " steps of warm-up and ", decay, " of decay do not fit into ", steps, " steps");
}

double warming(double peak, int64_t warmup, int64_t step) {
  return peak * static_cast<double>(step + 1) / static_cast<double>(warmup);
}

// 0 at step `first`, 1 at step `last` and after it. Where there is no room for a way, the last step is still 0.
double progress(int64_t step, int64_t first, int64_t last) {
  if (last <= first) return step > last ? 1 : 0;
  if (step >= last) return 1;
  return static_cast<double>(std::max<int64_t>(step - first, 0)) / static_cast<double>(last - first);
}

}  // namespace

double ConstantLr::operator()(int64_t step) const {
  check("ConstantLr", peak, 0, INT64_MAX, warmup, 0, step);
  return step < warmup ? warming(peak, warmup, step) : peak;
}

double LinearLr::operator()(int64_t step) const {
  check("LinearLr", peak, minimum, steps, warmup, 0, step);
  if (step < warmup) return warming(peak, warmup, step);
  return peak + (minimum - peak) * progress(step, warmup, steps - 1);
}

double CosineLr::operator()(int64_t step) const {
  check("CosineLr", peak, minimum, steps, warmup, 0, step);
  if (step < warmup) return warming(peak, warmup, step);
  double p = progress(step, warmup, steps - 1);
  return minimum + (peak - minimum) * 0.5 * (1 + std::cos(std::numbers::pi * p));
}

double WsdLr::operator()(int64_t step) const {
  check("WsdLr", peak, minimum, steps, warmup, decay, step);
  if (step < warmup) return warming(peak, warmup, step);
  if (decay == 0) return peak;
  return peak + (minimum - peak) * progress(step, steps - 1 - decay, steps - 1);
}

}  // namespace gg::optim
