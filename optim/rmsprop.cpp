#include "optim/rmsprop.h"

#include "core/dispatch.h"
#include "cpu/optimizer.h"
#include "cuda/optimizer.h"

namespace gg::optim {

RMSprop::RMSprop(std::vector<Tensor> parameters, const RmsPropOptions& options)
    : RMSprop(std::vector<Group>{{std::move(parameters), options}}) {}

RMSprop::RMSprop(const std::vector<Group>& groups)
    : OptimizerWith("RMSprop", {"square_avg", "momentum_buffer", "grad_avg"}, groups) {
  check_options();
}

void RMSprop::check(size_t group) const {
  const RmsPropOptions& o = options(group);
  GG_CHECK(o.alpha >= 0 && o.alpha < 1, "RMSprop: alpha must be in [0, 1), got ", o.alpha);
  GG_CHECK(o.eps >= 0, "RMSprop: eps must not be negative, got ", o.eps);
  GG_CHECK(o.momentum >= 0 && o.momentum < 1, "RMSprop: momentum must be in [0, 1), got ", o.momentum);
}

size_t RMSprop::states_used(size_t group) const {
  const RmsPropOptions& o = options(group);
  return o.centered ? 3 : o.momentum > 0 ? 2 : 1;
}

void RMSprop::update(size_t group, Slots slots) {
  const RmsPropOptions& o = options(group);
  RmsPropStep step{o.lr, o.alpha, o.eps, o.weight_decay, o.momentum, o.centered};
  fused(slots, [&](Device device, const OptimizerTable& table, int64_t) { GG_KERNEL(device, rmsprop, table, &step); });
}

}  // namespace gg::optim
