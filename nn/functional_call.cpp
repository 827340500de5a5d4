#include "nn/functional_call.h"

namespace gg::nn {

ParameterScope::ParameterScope(const Module& module, std::span<const Tensor> values) {
  const Module::Named named = module.named_parameters();
  GG_CHECK(named.size() == values.size(), module.description(), " has ", named.size(), " parameters, got ",
           values.size(), " tensors");
  for (size_t i = 0; i < values.size(); ++i) {
    const auto& [name, present] = named[i];
    GG_CHECK(values[i].defined() && values[i].shape() == present.shape() && values[i].dtype() == present.dtype() &&
                 values[i].device() == present.device(),
             module.description(), ": parameter '", name, "' is ", present.dtype(), " ", present.shape(), " on ",
             present.device(), ", got ",
             values[i].defined() ? str(values[i].dtype(), " ", values[i].shape(), " on ", values[i].device())
                                 : "an undefined tensor");
  }
  for (const Parameter& slot : module.parameter_slots()) {
    for (size_t i = 0; i < values.size(); ++i) {
      if (slot.is_same(named[i].second)) before_.emplace_back(slot.entry_, values[i]);
    }
  }
  for (auto& [entry, value] : before_) std::swap(entry->tensor, value);
}

ParameterScope::~ParameterScope() {
  for (auto& [entry, value] : before_) std::swap(entry->tensor, value);
}

std::function<Tensor(std::span<const Tensor>)> of_parameters(const Module& module, std::function<Tensor()> evaluate) {
  return [module, evaluate = std::move(evaluate)](std::span<const Tensor> values) {
    const ParameterScope scope(module, values);
    return evaluate();
  };
}

}  // namespace gg::nn
