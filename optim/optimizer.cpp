#include "optim/optimizer.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

#include "autograd/raw.h"
#include "ops/copy.h"

namespace gg::optim {
namespace {

// The gradient in its parameter's axis order.
Tensor ordered_like(const Tensor& grad, const Tensor& parameter) {
  if (!grad.is_symbolic_zero() && grad.layout().same_order(parameter.layout())) return grad;
  Tensor copy = empty_like(parameter);
  raw::copy_into(copy, grad);
  return copy;
}

// Slots that agree in this can share a kernel call.
auto shared_call(const auto& slot) {
  Device d = slot.parameter.device();
  return std::tuple(slot.step, slot.parameter.dtype(), d.type, d.index);
}

}  // namespace

Optimizer::Optimizer(const char* name, std::vector<const char*> state_names)
    : name_(name), state_names_(std::move(state_names)) {}

void Optimizer::add_parameters(const std::vector<Tensor>& parameters) {
  std::set<const TensorImpl*> seen;
  for (const Slot& s : slots_) seen.insert(&s.parameter.get());
  for (const Tensor& p : parameters) {
    GG_CHECK(p.defined() && p.requires_grad() && p.is_leaf(), name_, ": parameter ", slots_.size(),
             " is not a leaf that requires grad");
    GG_CHECK(p.layout().is_dense(), name_, ": parameter ", slots_.size(), " of shape ", p.shape(),
             " is a strided view; clone it first");
    GG_CHECK(seen.insert(&p.get()).second, name_, ": parameter ", slots_.size(), " of shape ", p.shape(),
             " was given twice");
    slots_.push_back({p, group_parameters_.size(), 0, std::vector<Tensor>(state_names_.size())});
  }
  group_parameters_.push_back(parameters);
}

std::vector<Optimizer::Group> Optimizer::groups() {
  std::vector<Group> all;
  for (size_t g = 0; g < group_parameters_.size(); ++g) {
    all.push_back({group_parameters_[g], lr(g), weight_decay(g), lr_scale(g)});
  }
  return all;
}

void Optimizer::check_options() {
  for (size_t g = 0; g < group_parameters_.size(); ++g) {
    auto check_number = [&](const char* what, double value) {
      GG_CHECK(value >= 0 && std::isfinite(value), name_, ": the ", what, " must be finite and not negative, got ",
               value);
    };
    check_number("learning rate (lr)", lr(g));
    check_number("factor lr_scale", lr_scale(g));
    check_number("weight_decay", weight_decay(g));
    check(g);
  }
}

void Optimizer::make_state(Slot& slot, size_t index) const {
  Tensor& t = slot.state[index];
  const Tensor& p = slot.parameter;
  if (t.defined() && t.dtype() == p.dtype() && t.device() == p.device()) return;
  GG_CHECK(!t.defined(), name_, ": a parameter of shape ", p.shape(), " was moved to ", p.dtype(), " on ", p.device(),
           " after its first update; move modules before training");
  t = empty_like(p);
  raw::copy_into(t, raw::to_device(raw::full(p.shape(), 0, {p.dtype(), Device::cpu}), p.device()));
}

void Optimizer::step() {
  check_options();
  // Parameters that can share a kernel call come together: usually all of a group.
  std::vector<Slot*> ready;
  for (Slot& s : slots_) {
    if (s.parameter.requires_grad() && has_gradient(s.parameter)) ready.push_back(&s);
  }
  auto key = [](const Slot& s) { return std::tuple(s.group, shared_call(s)); };
  std::stable_sort(ready.begin(), ready.end(), [&](Slot* a, Slot* b) { return key(*a) < key(*b); });
  for (Slot* s : ready) {
    for (size_t k = 0; k < states_used(s->group); ++k) make_state(*s, k);
  }

  for (size_t begin = 0, end = 0; begin < ready.size(); begin = end) {
    const size_t group = ready[begin]->group;
    while (end < ready.size() && ready[end]->group == group) ++end;
    Slots slots(ready.data() + begin, end - begin);
    update(group, slots);
    for (Slot* s : slots) {
      ++s->step;
      s->parameter.get().storage->bump_version();
    }
  }
}

void Optimizer::step(double rate) {
  GG_CHECK(rate >= 0 && std::isfinite(rate), name_, ": the learning rate must be finite and not negative, got ", rate);
  for (Group& g : groups()) g.lr = rate * g.lr_scale;
  step();
}

void Optimizer::fused(Slots slots, const Kernel& kernel) const {
  std::vector<Tensor> grads;  // alive until their kernel has run
  std::vector<OptimizerEntry> entries;
  for (size_t begin = 0, end = 0; begin < slots.size(); begin = end) {
    const Slot& first = *slots[begin];
    grads.clear();
    entries.clear();
    for (; end < slots.size() && shared_call(*slots[end]) == shared_call(first); ++end) {
      const Slot& s = *slots[end];
      GG_CHECK(s.state.size() <= kMaxFusedState, name_, ": fused kernels take at most ", kMaxFusedState,
               " state tensors of a parameter");
      grads.push_back(ordered_like(s.parameter.grad(), s.parameter));
      OptimizerEntry entry{s.parameter.array().data, grads.back().array().data, {}, s.parameter.numel()};
      for (size_t k = 0; k < s.state.size(); ++k) {
        if (s.state[k].defined()) entry.state[k] = s.state[k].array().data;
      }
      entries.push_back(entry);
    }
    OptimizerTable table{entries.data(), static_cast<int64_t>(entries.size()), first.parameter.dtype()};
    kernel(first.parameter.device(), table, first.step + 1);
  }
}

void Optimizer::zero_grad() const {
  for (const Slot& s : slots_) {
    if (s.parameter.requires_grad()) s.parameter.set_grad({});
  }
}

std::vector<Tensor> Optimizer::parameters() const {
  std::vector<Tensor> all;
  for (const Slot& s : slots_) all.push_back(s.parameter);
  return all;
}

TensorMap Optimizer::state_dict() const {
  TensorMap all;
  for (size_t i = 0; i < slots_.size(); ++i) {
    const Slot& s = slots_[i];
    if (s.step == 0) continue;
    all.emplace(str(i, ".step"), from_vector(std::vector<int64_t>{s.step}, {}));
    for (size_t k = 0; k < state_names_.size(); ++k) {
      if (s.state[k].defined()) all.emplace(str(i, ".", state_names_[k]), s.state[k]);
    }
  }
  return all;
}

void Optimizer::load_state_dict(const TensorMap& state) {
  std::string problems;
  std::set<std::string> expected;
  // The tensor of that name, or null, with the problem noted.
  auto find = [&](const std::string& name, const Shape& shape, DType dtype) -> const Tensor* {
    expected.insert(name);
    auto it = state.find(name);
    if (it == state.end()) {
      problems += "\n  missing: " + name;
    } else if (!it->second.defined() || it->second.shape() != shape || it->second.dtype() != dtype) {
      std::string came = it->second.defined() ? str(it->second.dtype(), " ", it->second.shape()) : "none";
      problems += str("\n  wrong: ", name, ": expected ", dtype, " ", shape, ", got ", came);
    } else {
      return &it->second;
    }
    return nullptr;
  };
  std::vector<int64_t> steps(slots_.size(), 0);
  for (size_t i = 0; i < slots_.size(); ++i) {
    const Tensor& p = slots_[i].parameter;
    std::string name = str(i, ".step");
    if (!state.contains(name)) continue;  // had no gradient yet
    if (const Tensor* step = find(name, {}, i64)) {
      steps[i] = step->to_vector<int64_t>()[0];
      if (steps[i] < 1) problems += str("\n  wrong: ", name, " is ", steps[i]);
    }
    for (size_t k = 0; k < state_names_.size(); ++k) {
      std::string part = str(i, ".", state_names_[k]);
      if (k < states_used(slots_[i].group) || state.contains(part)) find(part, p.shape(), p.dtype());
    }
  }
  for (const auto& [name, t] : state) {
    if (!expected.contains(name)) problems += "\n  unexpected: " + name;
  }
  GG_CHECK(problems.empty(), name_, ": this state does not fit ", slots_.size(), " parameters:", problems);

  for (size_t i = 0; i < slots_.size(); ++i) {
    Slot& s = slots_[i];
    s.step = steps[i];
    for (size_t k = 0; k < state_names_.size(); ++k) {
      auto it = s.step == 0 ? state.end() : state.find(str(i, ".", state_names_[k]));
      if (it == state.end()) {
        s.state[k] = {};
      } else {
        make_state(s, k);
        copy_(s.state[k], it->second);
      }
    }
  }
}

}  // namespace gg::optim
