// Sequential: layers one after the other. Also the way to hold a model whose layers are chosen at run time.
#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <type_traits>
#include <vector>

#include "nn/module.h"

namespace gg::nn {

/// Any module, or function, from a tensor to a tensor.
template <class L>
concept Layer = std::is_invocable_r_v<Tensor, const L&, const Tensor&>;

/// Layers are named "0", "1", … Functions and lambdas take a number, too, but have no parameters:
///   nn::Sequential net{nn::Linear(784, 256), nn::Tanh(), nn::Linear(256, 10)};
/// Copies share the list: a layer added to one is in all.
struct Sequential : Module {
  Sequential() : Module("Sequential") {}
  template <Layer... L>
  requires(sizeof...(L) > 0 &&
           !(sizeof...(L) == 1 && (std::same_as<L, Sequential> && ...))) explicit Sequential(L... layers)
      : Sequential() {
    (add(std::move(layers)), ...);
  }

  /// Puts a layer at the end; returns *this.
  template <Layer L>
  Sequential& add(L layer) {
    if constexpr (std::derived_from<L, Module>) add_module(str(size()), layer);
    functions_->emplace_back(std::move(layer));
    return *this;
  }

  /// An error thrown by a layer names that layer in front.
  Tensor operator()(Tensor x) const;
  size_t size() const { return functions_->size(); }
  /// Layer number `i` of x. An error that it throws names it in front.
  Tensor layer(size_t i, const Tensor& x) const;

 private:
  using Functions = std::vector<std::function<Tensor(const Tensor&)>>;
  std::shared_ptr<Functions> functions_ = std::make_shared<Functions>();
};

}  // namespace gg::nn
