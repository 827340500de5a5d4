#include "optim/rate_and_decay.h"

namespace gg::optim {

double RateAndDecay::weight_decay_at(int64_t step) const {
  if (!decay_follows_rate) return weight_decay(step);
  const double largest = lr.maximum();
  return largest > 0 ? weight_decay(step) * (lr(step) / largest) : 0;
}

RatesAndDecays RateAndDecay::values(int64_t steps) const {
  RatesAndDecays all{lr.values(steps), weight_decay.values(steps)};
  const double largest = lr.maximum();
  if (decay_follows_rate) {
    for (size_t i = 0; i < all.steps(); ++i) all.weight_decay[i] *= largest > 0 ? all.lr[i] / largest : 0;
  }
  return all;
}

double RateAndDecay::kappa(int64_t steps) const {
  const RatesAndDecays all = values(steps);
  double sum = 0;
  for (size_t i = 0; i < all.steps(); ++i) sum += all.lr[i] * all.weight_decay[i];
  return sum;
}

std::optional<double> RateAndDecay::kappa_integral(double t) const {
  if (lr.maximum() == 0) return 0;
  if (weight_decay.is_constant()) {
    const double lambda = weight_decay.at(0);
    return decay_follows_rate ? lambda * lr.square_integral(t) / lr.maximum() : lambda * lr.integral(t);
  }
  if (lr.is_constant()) return lr.at(0) * weight_decay.integral(t);
  return std::nullopt;
}

void RateAndDecay::set(Optimizer::Group group, int64_t step) const {
  group.lr = lr_at(step) * group.lr_scale;
  group.weight_decay = weight_decay_at(step);
}

void RateAndDecay::set(Optimizer& optimizer, int64_t step) const {
  for (const Optimizer::Group& group : optimizer.groups()) set(group, step);
}

void set_rates_and_decays(Optimizer& optimizer, const std::vector<RateAndDecay>& plans, int64_t step) {
  const std::vector<Optimizer::Group> groups = optimizer.groups();
  GG_CHECK(groups.size() == plans.size(), "set_rates_and_decays: ", plans.size(), " plans for ", groups.size(),
           " groups; give each group its own");
  for (size_t g = 0; g < groups.size(); ++g) plans[g].set(groups[g], step);
}

}  // namespace gg::optim
