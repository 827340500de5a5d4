// Module: a set of named parameters, buffers and sub-modules. Layers derive from it, and so do models:
//
//   struct Mlp : nn::Module {
//     nn::Linear hidden = register_module("hidden", nn::Linear(784, 256));
//     nn::Linear out = register_module("out", nn::Linear(256, 10));
//     Tensor operator()(const Tensor& x) const { return out(relu(hidden(x))); }
//   };
//
// A module is a handle like a Tensor: copies share parameters, buffers, sub-modules and mode. For independent numbers,
// construct a second one and load_state_dict the first one's state_dict. Read next: linear.h, sequential.h, init.h.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/tensor_map.h"

namespace gg::nn {

struct LoadOptions {
  bool strict = true;  ///< throw on names that are missing or unexpected; wrong shapes and types throw in any case
};

class Module {
 public:
  using Named = std::vector<std::pair<std::string, Tensor>>;

  /// `description` is what to_string shows, as in "Linear(784, 256)".
  explicit Module(std::string description = "Module");
  Module(const Module&) = default;  // shares; there is no cheaper move, so a moved-from module stays usable
  Module& operator=(const Module&) = default;

  // ---- what derived modules are made of: each is registered by name, in the order of the calls ----------------------
  // A name has no dots and comes once among a module's parameters, buffers and sub-modules. Throws otherwise.

  /// Makes `value` (floating, with storage of its own) a leaf that requires grad, and returns it.
  Tensor register_parameter(std::string name, Tensor value);
  /// State that is saved and moved but not trained. Written in place, so keep the returned handle.
  Tensor register_buffer(std::string name, Tensor value);
  /// Returns `module`, to initialise a member with.
  template <class M>
  M register_module(std::string name, M module) {
    add_module(std::move(name), module);
    return module;
  }
  void add_module(std::string name, const Module& module);

  // ---- for everybody ----------------------------------------------------------------------------------------------

  /// Own parameters first, then those of sub-modules in their order, under dotted names such as "encoder.0.weight".
  /// A parameter that is registered in several places comes once, under its first name.
  Named named_parameters() const;
  std::vector<Tensor> parameters() const;
  Named named_buffers() const;
  std::vector<std::pair<std::string, Module>> children() const;
  /// Number of trainable numbers: of parameters that require grad.
  int64_t num_parameters() const;

  /// Training mode (the state at first) or evaluation, here and in all sub-modules: dropout, batch norm.
  void train(bool on = true) const;
  void eval() const { train(false); }
  bool training() const;

  /// Moves parameters and buffers, in place: every handle on them (an optimiser's, say) sees the move. Gradients are
  /// dropped; graphs recorded before must not be used any more. to(DType) changes floating tensors only.
  void to(Device device) const;
  void to(DType dtype) const;

  /// Leaves all gradients undefined.
  void zero_grad() const;
  /// Freezes or unfreezes all parameters.
  void requires_grad_(bool on = true) const;

  /// Parameters and buffers by name, detached. They share memory with the module: clone what must outlive a step.
  TensorMap state_dict() const;
  /// Copies numbers in place. Checks everything first, so nothing has changed when it throws; the message lists every
  /// name that is missing, unexpected or of the wrong shape or type. Other devices are fine.
  void load_state_dict(const TensorMap& state, const LoadOptions& options = {}) const;

  const std::string& description() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// The tree of sub-modules with descriptions, and the number of parameters.
std::string to_string(const Module& module);

}  // namespace gg::nn
