#include "optim/sgd.h"

#include "core/dispatch.h"
#include "cpu/optimizer.h"
#include "cuda/optimizer.h"

namespace gg::optim {

SGD::SGD(std::vector<Tensor> parameters, const SgdOptions& options)
    : SGD(std::vector<Group>{{std::move(parameters), options}}) {}

SGD::SGD(const std::vector<Group>& groups) : OptimizerWith("SGD", {"momentum_buffer"}, groups) { check_options(); }

void SGD::check(size_t group) const {
  const SgdOptions& o = options(group);
  GG_CHECK(o.momentum >= 0 && o.momentum < 1, "SGD: momentum must be in [0, 1), got ", o.momentum);
  GG_CHECK(!o.nesterov || o.momentum > 0, "SGD: nesterov needs momentum");
}

void SGD::update(size_t group, Slots slots) {
  const SgdOptions& o = options(group);
  SgdStep step{o.lr, o.momentum, o.weight_decay, o.nesterov};
  fused(slots, [&](Device device, const OptimizerTable& table, int64_t) { GG_KERNEL(device, sgd, table, &step); });
}

}  // namespace gg::optim
