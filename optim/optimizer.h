// Optimizer: what all optimisers share. Parameters come in groups with options of their own, which may be read and
// changed between steps. Each parameter gets its state at its first gradient. A rule is one function, update(group, …);
// where it has a fused kernel, fused() hands that all parameters in one call.
//
//   optim::AdamW optimizer(net.parameters(), {.lr = 3e-4, .weight_decay = 0.01});
//   for (int64_t step = 0; …; ++step) {
//     …
//     for (auto& group : optimizer.groups()) group.weight_decay = decay(step);   // any option, at any time
//     optimizer.step(rate(step));                                                // the rate of all groups
//   }
//
// The rules are in sgd.h, adam.h and sparse_adam.h, learning rates in schedule.h.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "core/error.h"
#include "core/optimizer_table.h"
#include "core/tensor_map.h"

namespace gg::optim {

/// What an optimiser is made of: parameters, and the options that they are updated with.
template <class Options>
struct ParameterGroup {
  std::vector<Tensor> parameters;
  Options options;
};

class Optimizer {
 public:
  /// A group as every rule has it; writing to it changes the optimiser's options. The other options of a rule are in
  /// options(group) of its class.
  struct Group {
    std::span<const Tensor> parameters;
    double& lr;
    double& weight_decay;
    double& lr_scale;  ///< step(lr) sets the group's rate to lr times this
  };

  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;  // two optimisers that share state would each believe to own it
  Optimizer& operator=(const Optimizer&) = delete;

  /// One update of every parameter that has a gradient; the others, and their state, stay as they are. Raises the
  /// parameters' versions, so a graph recorded before cannot be walked any more. Throws on options out of range, before
  /// anything has changed. A NaN or infinity in a gradient is not looked for: it goes into the parameter and into its
  /// state (clip_grad_norm_ can refuse it).
  void step();
  /// Sets each group's lr to `lr` times its lr_scale first.
  void step(double lr);

  /// Leaves all gradients undefined.
  virtual void zero_grad() const;

  std::vector<Group> groups();
  /// Of all groups, in their order.
  std::vector<Tensor> parameters() const;

  /// What must be saved to go on exactly: "I.step" and "I.<state>" for parameter number I (counted through the groups),
  /// where it had a gradient yet. Options are not in it. The tensors share memory with the optimiser.
  TensorMap state_dict() const;
  /// Copies what state_dict returned. Checks everything first; throws with a list of what does not fit.
  void load_state_dict(const TensorMap& state);

 protected:
  struct Slot {
    Tensor parameter;
    size_t group = 0;
    int64_t step = 0;           // updates so far
    std::vector<Tensor> state;  // in the parameter's type and order; undefined until used
  };
  using Slots = std::span<Slot* const>;

  /// `state_names`: of the tensors that a parameter may need, zeros at first.
  Optimizer(const char* name, std::vector<const char*> state_names);
  /// Throws on tensors that are no parameters (no leaf, no grad, a strided view) or come twice.
  void add_parameters(const std::vector<Tensor>& parameters);

  virtual double& lr(size_t group) = 0;
  virtual double& weight_decay(size_t group) = 0;
  virtual double& lr_scale(size_t group) = 0;
  /// Throws on options out of range, other than these three.
  virtual void check(size_t group) const = 0;
  /// How many of the state tensors the group needs with its present options; the others are not made.
  virtual size_t states_used(size_t group) const = 0;
  /// Whether step() must update it.
  virtual bool has_gradient(const Tensor& parameter) const { return parameter.grad().defined(); }
  /// The rule: changes the parameters of one group that have gradients.
  virtual void update(size_t group, Slots slots) = 0;

  /// Calls the kernel on tables of parameters that have type, device and number of the update (from 1) in common:
  /// usually one table of all.
  using Kernel = std::function<void(Device device, const OptimizerTable& table, int64_t step)>;
  void fused(Slots slots, const Kernel& kernel) const;

  const char* name() const { return name_; }
  /// For the end of constructors.
  void check_options();

 private:
  void make_state(Slot& slot, size_t index) const;

  const char* name_;
  std::vector<const char*> state_names_;
  std::vector<Slot> slots_;
  std::vector<std::vector<Tensor>> group_parameters_;
};

/// An optimiser whose groups have `Options_`: a struct with lr, weight_decay and lr_scale among its members.
template <class Options_>
class OptimizerWith : public Optimizer {
 public:
  using Options = Options_;

  /// All options of a group, to read and to change.
  Options& options(size_t group = 0) {
    GG_CHECK(group < options_.size(), name(), ": asked for group ", group, " of ", options_.size());
    return options_[group];
  }
  const Options& options(size_t group = 0) const { return const_cast<OptimizerWith*>(this)->options(group); }

 protected:
  OptimizerWith(const char* name, std::vector<const char*> state_names,
                const std::vector<ParameterGroup<Options>>& groups)
      : Optimizer(name, std::move(state_names)) {
    for (const auto& group : groups) {
      add_parameters(group.parameters);
      options_.push_back(group.options);
    }
  }

 private:
  double& lr(size_t group) final { return options_[group].lr; }
  double& weight_decay(size_t group) final { return options_[group].weight_decay; }
  double& lr_scale(size_t group) final { return options_[group].lr_scale; }

  std::vector<Options> options_;
};

}  // namespace gg::optim
