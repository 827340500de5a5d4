#include "optim/optimizer.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

#include "autograd/raw.h"
#include "nn/copy.h"

namespace gg::optim {
namespace {

// The gradient in its parameter's axis order.
Tensor ordered_like(const Tensor& grad, const Tensor& parameter) {
  if (!grad.is_symbolic_zero() && grad.layout().same_order(parameter.layout())) return grad;
  Tensor copy = empty_like(parameter);
  raw::copy_into(copy, grad);
  return copy;
}

}  // namespace

Optimizer::Optimizer(const char* name, std::vector<const char*> state_names)
    : name_(name), state_names_(std::move(state_names)) {}

void Optimizer::add_group(const std::vector<Tensor>& parameters) {
  std::set<const TensorImpl*> seen;
  for (const Slot& s : slots_) seen.insert(&s.parameter.get());
  for (const Tensor& p : parameters) {
    GG_CHECK(p.defined() && p.requires_grad() && p.is_leaf(), name_, ": parameter ", slots_.size(),
             " is not a leaf that requires grad");
    GG_CHECK(p.layout().is_dense(), name_, ": parameter ", slots_.size(), " of shape ", p.shape(),
             " is a strided view; parameters need storage of their own");
    GG_CHECK(seen.insert(&p.get()).second, name_, ": parameter ", slots_.size(), " of shape ", p.shape(),
             " was given twice");
    Slot slot;
    slot.parameter = p;
    slot.group = groups_;
    slots_.push_back(std::move(slot));
  }
  ++groups_;
}

void Optimizer::make_state(Slot& slot) const {
  for (size_t k = 0; k < state_names_.size(); ++k) {
    Tensor& t = slot.state[k];
    const Tensor& p = slot.parameter;
    if (t.defined() && t.dtype() == p.dtype() && t.device() == p.device()) continue;
    GG_CHECK(!t.defined(), name_, ": a parameter of shape ", p.shape(), " was moved to ", p.dtype(), " on ", p.device(),
             " after its first update; move modules before training");
    t = empty_like(p);
    raw::copy_into(t, raw::to_device(raw::full(p.shape(), 0, {p.dtype(), Device::cpu}), p.device()));
  }
}

template <class RateOf>
void Optimizer::step_with(const RateOf& rate_of) {
  // Parameters that can share a kernel call come together: usually all of a group.
  auto key = [](const Slot& s) {
    Device d = s.parameter.device();
    return std::tuple(s.group, s.step, s.parameter.dtype(), d.type, d.index);
  };
  std::vector<Slot*> ready;
  for (Slot& s : slots_) {
    if (s.parameter.requires_grad() && s.parameter.grad().defined()) ready.push_back(&s);
  }
  std::stable_sort(ready.begin(), ready.end(), [&](Slot* a, Slot* b) { return key(*a) < key(*b); });
  for (Slot* s : ready) make_state(*s);

  std::vector<Tensor> grads;  // alive until their kernel has run
  std::vector<cpu::OptimizerEntry> entries;
  for (size_t i = 0; i < ready.size();) {
    grads.clear();
    entries.clear();
    size_t end = i;
    for (; end < ready.size() && key(*ready[end]) == key(*ready[i]); ++end) {
      Slot& s = *ready[end];
      grads.push_back(ordered_like(s.parameter.grad(), s.parameter));
      cpu::OptimizerEntry entry{s.parameter.array().data, grads.back().array().data, {}, s.parameter.numel()};
      for (size_t k = 0; k < state_names_.size(); ++k) entry.state[k] = s.state[k].array().data;
      entries.push_back(entry);
    }
    const Tensor& first = ready[i]->parameter;
    double lr = rate_of(ready[i]->group);
    GG_CHECK(lr >= 0 && std::isfinite(lr), name_, ": the learning rate must be finite and not negative, got ", lr);
    cpu::OptimizerTable table{entries.data(), static_cast<int64_t>(entries.size()), first.dtype()};
    update(ready[i]->group, table, first.device(), ready[i]->step + 1, lr);
    for (; i < end; ++i) {
      ++ready[i]->step;
      ready[i]->parameter.get().storage->bump_version();
    }
  }
}

void Optimizer::step() {
  step_with([&](size_t group) { return learning_rate(group); });
}

void Optimizer::step(double lr) {
  step_with([&](size_t group) { return lr * learning_rate_scale(group); });
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
    for (size_t k = 0; k < state_names_.size(); ++k) all.emplace(str(i, ".", state_names_[k]), s.state[k]);
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
    for (const char* part : state_names_) find(str(i, ".", part), p.shape(), p.dtype());
  }
  for (const auto& [name, t] : state) {
    if (!expected.contains(name)) problems += "\n  unexpected: " + name;
  }
  GG_CHECK(problems.empty(), name_, ": this state does not fit ", slots_.size(), " parameters:", problems);

  for (size_t i = 0; i < slots_.size(); ++i) {
    Slot& s = slots_[i];
    s.step = steps[i];
    if (s.step == 0) {
      for (Tensor& t : s.state) t = {};
      continue;
    }
    make_state(s);
    for (size_t k = 0; k < state_names_.size(); ++k) copy_(s.state[k], state.at(str(i, ".", state_names_[k])));
  }
}

}  // namespace gg::optim
