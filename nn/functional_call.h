// A module as a function of its parameters, for the transforms of autograd/functional:
//
//   auto loss = nn::of_parameters(model, [&] { return losses::cross_entropy(model(x), y); });
//   HvpResultN r = hvp(loss, model.parameters(), directions);   // the loss's Hessian in all weights, times them
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "nn/module.h"

namespace gg::nn {

/// While in scope, the parameters of a module are other tensors of the same shapes and types, with history and tangents
/// if they have any. Copies of the module see it too, so scopes of one module in two threads must take turns.
class ParameterScope {
 public:
  /// `values` in the order of module.parameters(); tied parameters come once.
  ParameterScope(const Module& module, std::span<const Tensor> values);
  ~ParameterScope();
  ParameterScope(const ParameterScope&) = delete;
  ParameterScope& operator=(const ParameterScope&) = delete;

 private:
  std::vector<std::pair<std::shared_ptr<TensorSlot::Entry>, Tensor>> before_;
};

/// evaluate() as a function of the module's parameters, in the order of module.parameters(). What it computes of
/// other modules counts as constant.
std::function<Tensor(std::span<const Tensor>)> of_parameters(const Module& module, std::function<Tensor()> evaluate);

}  // namespace gg::nn
