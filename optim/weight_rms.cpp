#include "optim/weight_rms.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace gg::optim::weight_rms {
namespace {

void check(const RatesAndDecays& updates, const Options& options) {
  GG_CHECK(updates.lr.size() == updates.weight_decay.size(), "weight_rms: ", updates.lr.size(), " learning rates, but ",
           updates.weight_decay.size(), " weight decays");
  const auto check_number = [](const char* what, double value) {
    GG_CHECK(value >= 0 && std::isfinite(value), "weight_rms: ", what, " must be finite and not negative, got ", value);
  };
  check_number("the initial RMS", options.initial_rms);
  check_number("mean_to_noise, ‖μ‖²/‖σ‖²,", options.mean_to_noise);
  GG_CHECK(options.beta1 >= 0 && options.beta1 < 1, "weight_rms: beta1 must be in [0, 1), got ", options.beta1);
  for (size_t i = 0; i < updates.steps(); ++i) {
    check_number("a learning rate", updates.lr[i]);
    check_number("a weight decay", updates.weight_decay[i]);
    const double decay = updates.lr[i] * updates.weight_decay[i];
    GG_CHECK(decay < 1, "weight_rms: learning rate times weight decay must be below 1, got ", decay, " at update ", i,
             ", which would turn the weights over; take a smaller rate or decay");
  }
}

// (1 − e^{−x})/x.
double decayed_mean(double x) { return x == 0 ? 1 : -std::expm1(-x) / x; }

// The terms of ρ = start² ρ_0 + (r z² + S)/(r + 1).
struct State {
  double start = 1, z = 0, s = 0;  // e^{−κ}, and as above
};

// `advance(state, η, λ)` goes one update on.
template <class Advance>
Trajectory trajectory(const RatesAndDecays& updates, const Options& options, Advance advance) {
  check(updates, options);
  // Shares of mean and noise, so that a huge r does not overflow.
  const double mean = options.mean_to_noise / (options.mean_to_noise + 1), noise = 1 / (options.mean_to_noise + 1);
  Trajectory rms{options.initial_rms};
  rms.reserve(updates.steps() + 1);
  State state;
  for (size_t i = 0; i < updates.steps(); ++i) {
    advance(state, updates.lr[i], updates.weight_decay[i]);
    rms.push_back(std::hypot(state.start * options.initial_rms, std::sqrt(mean * state.z * state.z + noise * state.s)));
  }
  return rms;
}

}  // namespace

Trajectory double_sum(const RatesAndDecays& updates, const Options& options) {
  const double beta = options.beta1, rest = 1 - beta;
  double b = 0, c = 0, power = 1;  // B, C, β₁ᵗ
  return trajectory(updates, options, [&](State& state, double lr, double decay) {
    const double f = options.as_computed ? 1 - lr * decay : std::exp(-lr * decay);
    power *= beta;
    const double eta = options.as_computed ? lr / (1 - power) : lr;
    b = beta * beta * b + 1;
    state.s = f * f * state.s + 2 * f * eta * rest * beta * c + eta * eta * rest * rest * b;
    c = f * beta * c + rest * eta * b;
    state.start *= f;
    state.z = f * state.z + lr;
  });
}

Trajectory slow_variation(const RatesAndDecays& updates, const Options& options) {
  return trajectory(updates, options, [](State& state, double lr, double decay) {
    const double f = std::exp(-lr * decay);
    state = {f * state.start, f * state.z + lr, f * f * state.s + lr * lr};
  });
}

Trajectory ode(const RatesAndDecays& updates, const Options& options) {
  return trajectory(updates, options, [](State& state, double lr, double decay) {
    const double a = lr * decay, f = std::exp(-a);
    state = {f * state.start, f * state.z + lr * decayed_mean(a), f * f * state.s + lr * lr * decayed_mean(2 * a)};
  });
}

Trajectory mean_field(const RatesAndDecays& updates, const Options& options) {
  double kappa = 0, sum = 0, nu = 0;
  return trajectory(updates, options, [&](State& state, double lr, double decay) {
    kappa += lr * decay;
    sum += lr;
    nu += lr * lr;
    state = {std::exp(-kappa), sum * decayed_mean(kappa), nu * decayed_mean(2 * kappa)};
  });
}

Trajectory steady_state(const RatesAndDecays& updates, const Options& options) {
  check(updates, options);
  const double r = options.mean_to_noise;
  Trajectory rms;
  for (size_t i = 0; i < updates.steps(); ++i) {
    const double lr = updates.lr[i], decay = updates.weight_decay[i];
    // Not by squares: those of decays that follow a rate may vanish.
    const double settled = decay == 0
                               ? std::numeric_limits<double>::infinity()
                               : std::hypot(std::sqrt(r / (r + 1)) / decay, std::sqrt(lr / decay / (2 * (r + 1))));
    rms.insert(rms.end(), i == 0 ? 2 : 1, settled);
  }
  if (rms.empty()) rms.push_back(options.initial_rms);
  return rms;
}

Bounds bounds(const RatesAndDecays& updates, const Options& options) {
  GG_CHECK(options.mean_to_noise == 0, "weight_rms: the bounds hold for gradients of mean 0, got mean_to_noise ",
           options.mean_to_noise);
  // S between e^{−2κ} ν and ν.
  const auto with = [&](bool decayed) {
    double nu = 0;
    return trajectory(updates, options, [&](State& state, double lr, double decay) {
      nu += lr * lr;
      state.start *= std::exp(-lr * decay);
      state.s = decayed ? nu * state.start * state.start : nu;
    });
  };
  return {.low = with(true), .high = with(false)};
}

double update_rms(const Options& options) {
  check({}, options);
  const double noise = (1 - options.beta1) / (1 + options.beta1), r = options.mean_to_noise;
  return std::sqrt((r + noise) / (r + 1));
}

double largest_decay(const RatesAndDecays& updates) {
  check(updates, {});
  double largest = 0;
  for (size_t i = 0; i < updates.steps(); ++i) largest = std::max(largest, updates.lr[i] * updates.weight_decay[i]);
  return largest;
}

bool withers(const RatesAndDecays& updates) {
  check(updates, {});
  if (updates.steps() == 0) return false;
  double kappa = 0, largest_rate = 0, largest_decay = 0;
  for (size_t i = 0; i < updates.steps(); ++i) {
    kappa += updates.lr[i] * updates.weight_decay[i];
    largest_rate = std::max(largest_rate, updates.lr[i]);
    largest_decay = std::max(largest_decay, updates.weight_decay[i]);
  }
  // Where the rate is heading, half an update behind the last one's middle: a short line to 0 ends there.
  const double last = updates.lr.back(), before = updates.lr[std::max<size_t>(2, updates.steps()) - 2];
  const double end = last + (last - before) / 2;
  return kappa > 3 && last < 1e-2 * largest_rate && end < 1e-3 * largest_rate &&
         updates.weight_decay.back() > 0.1 * largest_decay;
}

double weight_decay_for(double rms, RateAndDecay plan, int64_t steps, const Options& options) {
  GG_CHECK(rms > 0 && std::isfinite(rms), "weight_decay_for: the RMS must be positive, got ", rms);
  const double highest_rate = plan.lr.maximum();
  GG_CHECK(steps >= 1 && highest_rate > 0, "weight_decay_for: without steps or learning rate weights stay as they are");
  plan.weight_decay = 1;
  const RatesAndDecays unit = plan.values(steps);
  RatesAndDecays tried = unit;
  const auto reached = [&](double decay) {
    for (size_t i = 0; i < unit.steps(); ++i) tried.weight_decay[i] = decay * unit.weight_decay[i];
    return ode(tried, options).back();
  };
  // The more decay the smaller the weights.
  double low = 0, high = 0.999999 / highest_rate;
  const double largest = reached(low), smallest = reached(high);
  GG_CHECK(rms <= largest && rms >= smallest, "weight_decay_for: with this rate the weights' RMS after ", steps,
           " steps is ", largest, " without decay and ", smallest, " with the largest possible; ", rms,
           rms > largest ? " needs a higher rate or more steps" : " needs a lower rate");
  for (int i = 0; i < 200 && high - low > 1e-14 * high; ++i) {
    // Halving in logarithms, once away from 0: answers are of any size.
    const double middle = low > 0 ? std::sqrt(low * high) : high * 1e-3;
    if (low == 0 && middle < 1e-300) break;
    (reached(middle) > rms ? low : high) = middle;
  }
  return (low + high) / 2;
}

}  // namespace gg::optim::weight_rms
