#include "optim/rmsprop.h"

#include "core/grad_mode.h"
#include "ops/copy.h"
#include "ops/elementwise.h"

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
  NoGrad off;
  const RmsPropOptions& o = options(group);
  for (const Slot* slot : slots) {
    const Tensor p = slot->parameter.detach();
    const Tensor d = o.weight_decay == 0 ? slot->parameter.grad() : slot->parameter.grad() + o.weight_decay * p;
    const Tensor &v = slot->state[0], &b = slot->state[1], &a = slot->state[2];
    copy_(v, o.alpha * v + (1 - o.alpha) * square(d));
    Tensor variance = v;
    if (o.centered) {
      copy_(a, o.alpha * a + (1 - o.alpha) * d);
      variance = relu(v - square(a));  // rounding may make it negative
    }
    Tensor change = d / (sqrt(variance) + o.eps);
    if (o.momentum > 0) {
      copy_(b, o.momentum * b + change);
      change = b;
    }
    copy_(p, p - o.lr * change);
  }
}

}  // namespace gg::optim
