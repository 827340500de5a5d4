#include "apps/weight_rms/plan_options.h"

#include <fmt/format.h>

#include <cmath>

#include "apps/common/text.h"

namespace gg::apps {

using optim::Schedule;

void PlanOptions::declare(OptionSet& options) {
  options.group("Learning rate");
  options.add("steps", steps, "updates of the training, T").range(0, 1e7);
  options.add("eta_max", eta_max, "largest learning rate").range(0, 1e3);
  options.add("schedule", schedule, "course of the learning rate")
      .choices({"constant", "linear", "warmup", "cosine", "wsd", "polynomial", "step", "inverse_sqrt"});
  options.add("eta_end", eta_end, "last learning rate, as a share of the largest")
      .range(0, 1)
      .only_with("schedule", {"linear", "cosine", "wsd", "polynomial"});
  options.add("warmup", warmup, "share of the steps in which the rate rises from 0")
      .range(0, 1)
      .only_with("schedule", {"constant", "linear", "cosine", "wsd", "polynomial", "step", "inverse_sqrt"});
  options.add("decay", decay, "share of the steps in which wsd falls at its end")
      .range(0, 1)
      .only_with("schedule", {"wsd"});
  options.add("power", power, "exponent of polynomial").range(0, 100).only_with("schedule", {"polynomial"});
  options.group("Weight decay");
  options.add("lambda", lambda, "weight decay λ, or its largest; updates shrink weights by 1 − ηλ").at_least(0);
  options
      .add("lambda_schedule", lambda_schedule,
           "course of λ: constant; linear or cosine to --lambda-end; follow: λ·η/η_max, which is AdamC")
      .choices({"constant", "linear", "cosine", "follow"});
  options.add("lambda_end", lambda_end, "last λ, as a share of the largest")
      .range(0, 1)
      .only_with("lambda_schedule", {"linear", "cosine"});
  options.group("AdamW");
  options.add("beta1", beta1, "memory of the mean of gradients").at_least(0);
  options.add("beta2", beta2, "memory of the mean of their squares; no estimate depends on it").at_least(0);
}

void NoiseOptions::declare(OptionSet& options) {
  options.group("Gradients and first weights");
  options.add("mu", mu, "mean of each number of the gradients").range(-1e6, 1e6);
  options.add("sigma", sigma, "deviation of each number of the gradients, far above AdamW's eps of 1e-8")
      .range(1e-6, 1e6);
  options.add("theta0_rms", theta0_rms, "RMS of the weights before training").range(0, 1e6);
}

optim::Schedule make_schedule(const std::string& name, std::int64_t steps, const ShapeOptions& shape) {
  const auto share = [&](double part) { return std::llround(part * static_cast<double>(steps)); };
  const std::int64_t warmup = share(shape.warmup), n = std::max<std::int64_t>(1, steps), rest = n - warmup;
  const double peak = shape.peak, end = shape.end * peak;
  const auto after_warmup = [&](const Schedule& schedule) -> Schedule {
    return warmup == 0 ? schedule : optim::chain({{optim::linear({.to = peak, .steps = warmup}), warmup}, {schedule}});
  };
  if (name == "constant") return after_warmup(peak);
  if (name == "linear") return optim::polynomial({.peak = peak, .steps = n, .minimum = end, .warmup = warmup});
  if (name == "warmup") return optim::linear({.to = peak, .steps = n});
  if (name == "cosine") return optim::cosine({.peak = peak, .steps = n, .minimum = end, .warmup = warmup});
  if (name == "polynomial") {
    return optim::polynomial({.peak = peak, .steps = n, .minimum = end, .warmup = warmup, .power = shape.power});
  }
  if (name == "wsd") {
    return optim::wsd({.peak = peak,
                       .steps = n,
                       .minimum = end,
                       .warmup = warmup,
                       // Both together rounded: halves of an odd number of steps fit.
                       .decay = share(shape.warmup + shape.decay) - warmup});
  }
  // In thirds, a tenth each.
  if (name == "step") {
    return after_warmup(optim::step_decay({.start = peak, .every = std::max<std::int64_t>(1, (rest + 2) / 3)}));
  }
  GG_CHECK(name == "inverse_sqrt", "there is no schedule '", name, "'");
  return after_warmup(optim::inverse_power({.start = peak, .scale = std::max(1.0, static_cast<double>(warmup))}));
}

optim::RateAndDecay PlanOptions::plan() const {
  GG_CHECK(beta1 < 1, "--beta1 must be in [0, 1), got ", beta1);
  GG_CHECK(beta2 < 1, "--beta2 must be in [0, 1), got ", beta2);
  optim::RateAndDecay plan{
      .lr = make_schedule(schedule, steps,
                          {.peak = eta_max, .end = eta_end, .warmup = warmup, .decay = decay, .power = power}),
      .weight_decay = lambda,
      .decay_follows_rate = lambda_schedule == "follow"};
  if (lambda_schedule == "linear" || lambda_schedule == "cosine") {
    plan.weight_decay = make_schedule(lambda_schedule, steps, {.peak = lambda, .end = lambda_end});
  }
  optim::weight_rms::largest_decay(plan.values(steps));  // throws where λη reaches 1
  return plan;
}

optim::weight_rms::Options estimate_options(const PlanOptions& plan, const NoiseOptions& noise) {
  return {.beta1 = plan.beta1,
          .initial_rms = noise.theta0_rms,
          .mean_to_noise = (noise.mu / noise.sigma) * (noise.mu / noise.sigma)};
}

std::string describe(const PlanOptions& o) {
  std::string text = o.schedule == "inverse_sqrt" ? "inverse square root" : o.schedule;
  if (o.schedule == "linear" || o.schedule == "cosine" || o.schedule == "polynomial" || o.schedule == "wsd") {
    text += fmt::format(" to {}", format_short(o.eta_end));
  }
  if (o.warmup > 0) text += fmt::format(", {} % warm-up", format_short(100 * o.warmup));
  text += fmt::format(", η_max {}, λ {}", format_short(o.eta_max), format_short(o.lambda));
  if (o.lambda_schedule == "follow") text += " following η (AdamC)";
  if (o.lambda_schedule == "linear" || o.lambda_schedule == "cosine") {
    text += fmt::format(" {} to {}", o.lambda_schedule, format_short(o.lambda_end * o.lambda));
  }
  return text;
}

std::vector<std::string> warnings(const optim::RatesAndDecays& updates, double kappa) {
  std::vector<std::string> all;
  if (optim::weight_rms::withers(updates)) {
    all.push_back(fmt::format(
        "The learning rate ends near 0 while the decay stays, and κ = {} is above 3: weights wither with "
        "√(η/2λ) towards the end, the more the longer the training. Rates that end above 0 set a floor (at a "
        "tenth of the largest, a third of the plateau); a λ that follows η (AdamC, for normalised layers) "
        "keeps the weights.",
        format_short(kappa, 3)));
  }
  const double largest = optim::weight_rms::largest_decay(updates);
  if (largest > 0.05) {
    all.push_back(fmt::format("λη reaches {}: e^(−λη) is no longer close to 1 − λη, and all estimates suffer.",
                              format_short(largest, 3)));
  }
  return all;
}

}  // namespace gg::apps
