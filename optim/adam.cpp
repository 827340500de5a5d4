#include "optim/adam.h"

#include <cmath>

#include "core/dispatch.h"
#include "cpu/optimizer.h"
#include "cuda/optimizer.h"

namespace gg::optim {

Adam::Adam(std::vector<Tensor> parameters, const AdamOptions& options)
    : Adam(std::vector<Group>{{std::move(parameters), options}}) {}

Adam::Adam(const std::vector<Group>& groups) : Adam("Adam", groups) {}

Adam::Adam(const char* name, const std::vector<Group>& groups)
    : OptimizerWith(name, {"exp_avg", "exp_avg_sq"}, groups) {
  check_options();
}

void Adam::check(size_t group) const {
  const AdamOptions& o = options(group);
  for (double beta : o.betas) GG_CHECK(beta >= 0 && beta < 1, name(), ": betas must be in [0, 1), got ", beta);
  GG_CHECK(o.eps >= 0, name(), ": eps must not be negative, got ", o.eps);
}

void Adam::update(size_t group, Slots slots) {
  const AdamOptions& o = options(group);
  fused(slots, [&](Device device, const OptimizerTable& table, int64_t t) {
    auto exponent = static_cast<double>(t);
    AdamStep step{o.lr,
                  o.betas[0],
                  o.betas[1],
                  o.eps,
                  o.weight_decay,
                  o.decoupled_weight_decay,
                  1 - std::pow(o.betas[0], exponent),
                  1 - std::pow(o.betas[1], exponent)};
    GG_KERNEL(device, adam, table, &step);
  });
}

namespace {

std::vector<Adam::Group> as_adam(const std::vector<AdamW::Group>& groups) {
  std::vector<Adam::Group> converted;
  for (const AdamW::Group& g : groups) converted.push_back({g.parameters, g.options});
  return converted;
}

}  // namespace

AdamW::AdamW(std::vector<Tensor> parameters, const AdamWOptions& options)
    : AdamW(std::vector<Group>{{std::move(parameters), options}}) {}

AdamW::AdamW(const std::vector<Group>& groups) : Adam("AdamW", as_adam(groups)) {}

}  // namespace gg::optim
