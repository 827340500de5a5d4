#include "optim/sgd.h"

#include "core/dispatch.h"

namespace gg::optim {
namespace {

const SgdOptions& checked(const SgdOptions& o) {
  GG_CHECK(o.momentum >= 0 && o.momentum < 1, "SGD: momentum must be in [0, 1), got ", o.momentum);
  GG_CHECK(o.weight_decay >= 0, "SGD: weight_decay must not be negative, got ", o.weight_decay);
  GG_CHECK(!o.nesterov || o.momentum > 0, "SGD: nesterov needs momentum");
  return o;
}

std::vector<const char*> state_of(const std::vector<SGD::Group>& groups) {
  for (const auto& g : groups) {
    if (g.options.momentum > 0) return {"momentum_buffer"};
  }
  return {};
}

}  // namespace

SGD::SGD(std::vector<Tensor> parameters, const SgdOptions& options)
    : SGD(std::vector<Group>{{std::move(parameters), options}}) {}

SGD::SGD(const std::vector<Group>& groups) : Optimizer("SGD", state_of(groups)) {
  for (const Group& g : groups) {
    add_group(g.parameters);
    options_.push_back(checked(g.options));
  }
}

void SGD::update(size_t group, const cpu::OptimizerTable& table, Device device, int64_t, double lr) {
  const SgdOptions& o = options_[group];
  cpu::SgdStep step{lr, o.momentum, o.weight_decay, o.nesterov};
  GG_CPU_KERNEL(device, sgd, table, &step);
}

}  // namespace gg::optim
