// Optimizer: what all optimisers share. It keeps parameters in groups with options of their own, gives each its state
// (made at its first gradient), and hands all parameters of a group to one fused kernel call. The update rules are in
// sgd.h and adam.h, learning rates in schedule.h.
#pragma once

#include <vector>

#include "core/tensor_map.h"
#include "cpu/optimizer.h"

namespace gg::optim {

template <class Options>
struct ParameterGroup {
  std::vector<Tensor> parameters;
  Options options;
};

class Optimizer {
 public:
  virtual ~Optimizer() = default;

  /// One update of every parameter that has a gradient; the others, and their state, stay as they are. Raises the
  /// parameters' versions, so a graph recorded before cannot be walked any more.
  /// With `lr`, each group's rate is lr times its options.lr_scale, otherwise its options.lr.
  void step();
  void step(double lr);

  /// Leaves all gradients undefined.
  void zero_grad() const;

  /// Of all groups, in their order.
  std::vector<Tensor> parameters() const;

  /// What must be saved to go on exactly: "I.step" and "I.<state>" for parameter number I (counted through the groups),
  /// where it had a gradient yet. Options are not in it. The tensors share memory with the optimiser.
  TensorMap state_dict() const;
  /// Copies what state_dict returned. Checks everything first; throws with a list of what does not fit.
  void load_state_dict(const TensorMap& state);

 protected:
  static constexpr size_t kMaxState = 2;

  struct Slot {
    Tensor parameter;
    size_t group = 0;
    int64_t step = 0;         // updates so far
    Tensor state[kMaxState];  // in the parameter's type and order; undefined until the first update
  };
  /// `state_names`: of the tensors that each parameter needs, zeros at first; at most kMaxState.
  Optimizer(const char* name, std::vector<const char*> state_names);
  /// Throws on tensors that are no parameters (no leaf, no grad, a strided view) or come twice.
  void add_group(const std::vector<Tensor>& parameters);

  virtual double learning_rate(size_t group) const = 0;
  virtual double learning_rate_scale(size_t group) const = 0;
  /// Applies the rule to parameters of one type on one device, all at their `step`-th update (from 1).
  virtual void update(size_t group, const cpu::OptimizerTable& table, Device device, int64_t step, double lr) = 0;

 private:
  template <class RateOf>
  void step_with(const RateOf& rate_of);
  void make_state(Slot& slot) const;

  const char* name_;
  std::vector<const char*> state_names_;
  std::vector<Slot> slots_;
  size_t groups_ = 0;
};

}  // namespace gg::optim
