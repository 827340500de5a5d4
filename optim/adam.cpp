#include "optim/adam.h"

#include <cmath>

#include "core/dispatch.h"

namespace gg::optim {
namespace {

template <class Options>
const Options& checked(const char* name, const Options& o) {
  for (double beta : o.betas) GG_CHECK(beta >= 0 && beta < 1, name, ": betas must be in [0, 1), got ", beta);
  GG_CHECK(o.eps >= 0, name, ": eps must not be negative, got ", o.eps);
  GG_CHECK(o.weight_decay >= 0, name, ": weight_decay must not be negative, got ", o.weight_decay);
  return o;
}

template <class Options>
void run(const Options& o, bool decoupled, const cpu::OptimizerTable& table, Device device, int64_t t, double lr) {
  auto exponent = static_cast<double>(t);
  cpu::AdamStep step{lr,
                     o.betas[0],
                     o.betas[1],
                     o.eps,
                     o.weight_decay,
                     decoupled,
                     1 - std::pow(o.betas[0], exponent),
                     1 - std::pow(o.betas[1], exponent)};
  GG_CPU_KERNEL(device, adam, table, &step);
}

}  // namespace

Adam::Adam(std::vector<Tensor> parameters, const AdamOptions& options)
    : Adam(std::vector<Group>{{std::move(parameters), options}}) {}

Adam::Adam(const std::vector<Group>& groups) : Optimizer("Adam", {"exp_avg", "exp_avg_sq"}) {
  for (const Group& g : groups) {
    add_group(g.parameters);
    options_.push_back(checked("Adam", g.options));
  }
}

void Adam::update(size_t group, const cpu::OptimizerTable& table, Device device, int64_t step, double lr) {
  run(options_[group], false, table, device, step, lr);
}

AdamW::AdamW(std::vector<Tensor> parameters, const AdamWOptions& options)
    : AdamW(std::vector<Group>{{std::move(parameters), options}}) {}

AdamW::AdamW(const std::vector<Group>& groups) : Optimizer("AdamW", {"exp_avg", "exp_avg_sq"}) {
  for (const Group& g : groups) {
    add_group(g.parameters);
    options_.push_back(checked("AdamW", g.options));
  }
}

void AdamW::update(size_t group, const cpu::OptimizerTable& table, Device device, int64_t step, double lr) {
  run(options_[group], true, table, device, step, lr);
}

}  // namespace gg::optim
