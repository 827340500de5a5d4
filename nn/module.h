// Module: a set of named parameters, buffers and sub-modules. Layers derive from it, and so do models:
//
//   struct Mlp : nn::Module {
//     nn::Linear hidden = register_module("hidden", nn::Linear(784, 256));
//     nn::Linear out = register_module("out", nn::Linear(256, 10));
//     nn::Parameter scale = register_parameter("scale", ones({10}));
//     Tensor operator()(const Tensor& x) const { return out(relu(hidden(x))) * scale; }
//   };
//
// A module is a handle like a Tensor: copies share parameters, buffers, sub-modules and mode. For independent numbers,
// construct a second one and load_state_dict the first one's state_dict. Modules cannot be assigned to, since whatever
// holds them, a parent say, would go on with the old one; parameters can (parameter.h), which ties weights.
// Read next: parameter.h, linear.h, sequential.h, init.h.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/tensor_map.h"
#include "nn/parameter.h"

namespace gg::nn {

struct LoadOptions {
  bool strict = true;  ///< throw on names that are missing or unexpected; wrong shapes and types throw in any case
};

struct BufferOptions {
  /// Stays on the CPU when the module moves: for what the program itself reads in every step, such as counters.
  bool on_host = false;
};

class Module {
 public:
  using Named = std::vector<std::pair<std::string, Tensor>>;

  /// `description` is what to_string shows, as in "Linear(784, 256)".
  explicit Module(std::string description = "Module");
  Module(const Module&) = default;  // shares; there is no cheaper move, so a moved-from module stays usable
  Module& operator=(const Module&) = delete;

  // ---- what derived modules are made of: each is registered by name, in the order of the calls ----------------------
  // A name has no dots and comes once among a module's parameters, buffers and sub-modules. Throws otherwise.

  /// Makes `value` (floating, and not a part of another tensor) a leaf that requires grad. Keep it as a Parameter:
  /// a Tensor would not see later assignments.
  Registered<Parameter> register_parameter(std::string name, const Tensor& value);
  /// State that is saved and moved but not trained, a Buffer.
  Registered<Buffer> register_buffer(std::string name, const Tensor& value, const BufferOptions& options = {});
  /// Returns `module`, to initialise a member with.
  template <class M>
  M register_module(std::string name, M module) {
    add_module(std::move(name), module);
    return module;
  }
  void add_module(std::string name, const Module& module);

  // ---- for everybody ----------------------------------------------------------------------------------------------

  /// Own parameters first, then those of sub-modules in their order, under dotted names such as "encoder.0.weight".
  /// A tensor that has several names (tied weights, a module in two places) comes once, under the first.
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
  /// dropped; graphs recorded before must not be used any more. to(Device) leaves buffers that are on_host where they
  /// are, to(DType) changes floating tensors only.
  void to(Device device) const;
  void to(DType dtype) const;

  /// Leaves all gradients undefined.
  void zero_grad() const;
  /// Freezes or unfreezes all parameters.
  void requires_grad_(bool on = true) const;

  /// Parameters and buffers by name, detached; tied ones under each of their names. They share memory with the module:
  /// clone what must outlive a step.
  TensorMap state_dict() const;
  /// Copies numbers in place, so what is tied stays tied. Checks everything first, so nothing has changed when it
  /// throws; the message lists every name that is missing, unexpected or of the wrong shape or type. Other devices are
  /// fine.
  void load_state_dict(const TensorMap& state, const LoadOptions& options = {}) const;

  const std::string& description() const;

 private:
  friend class ParameterScope;
  struct State;
  std::vector<Parameter> parameter_slots() const;  // tied ones under each of their names
  template <class Handle>
  Registered<Handle> enter(const char* kind, std::vector<Handle>& list, std::string name, const Tensor& value);
  template <class Handle>
  Named named(std::vector<Handle> State::*list) const;

  std::shared_ptr<State> state_;
};

/// The tree of sub-modules with descriptions, and the number of parameters.
std::string to_string(const Module& module);

}  // namespace gg::nn
