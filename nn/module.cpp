#include "nn/module.h"

#include <algorithm>
#include <set>

#include "autograd/raw.h"
#include "core/grad_mode.h"
#include "ops/copy.h"
#include "ops/shape.h"

namespace gg::nn {

struct Module::State {
  std::string description;
  bool training = true;
  std::vector<Parameter> parameters;
  std::vector<Buffer> buffers;
  std::vector<std::pair<std::string, Module>> children;

  void check_new(const std::string& name) const {
    GG_CHECK(!name.empty() && name.find('.') == std::string::npos, description, ": '", name,
             "' is no name for a part of a module: expected some text without dots");
    auto has_name = [&](const TensorSlot& slot) { return slot.entry_->name == name; };
    bool taken = std::any_of(parameters.begin(), parameters.end(), has_name) ||
                 std::any_of(buffers.begin(), buffers.end(), has_name) ||
                 std::any_of(children.begin(), children.end(), [&](const auto& child) { return child.first == name; });
    GG_CHECK(!taken, description, ": there already is a '", name, "'");
  }
};

namespace {

// Calls fn(dotted prefix, module) for the module and everything below it, parents first.
template <class Fn>
void visit(const Module& module, const std::string& prefix, const Fn& fn) {
  fn(prefix, module);
  for (const auto& [name, child] : module.children()) visit(child, prefix + name + ".", fn);
}

// Gives the tensor behind a handle other numbers, so that all its handles change at once.
void replace(const Tensor& t, const Tensor& fresh) {
  if (t.get().storage == fresh.get().storage) return;
  Tensor handle = t;
  bool required = handle.requires_grad();
  handle.requires_grad_(false);
  TensorImpl& impl = handle.get();
  impl.layout = fresh.layout();
  impl.storage = fresh.get().storage;
  impl.dtype = fresh.dtype();
  impl.device = fresh.device();
  impl.contiguous = fresh.is_contiguous();
  impl.zero = fresh.is_symbolic_zero();
  handle.requires_grad_(required);  // a new leaf, which describes the new tensor and has no gradient
}

void print(const Module& module, const std::string& name, int depth, std::string& out) {
  out += std::string(static_cast<size_t>(depth) * 2, ' ') + (name.empty() ? "" : name + ": ") + module.description() +
         "\n";
  for (const auto& [child_name, child] : module.children()) print(child, child_name, depth + 1, out);
}

}  // namespace

Module::Module(std::string description) : state_(std::make_shared<State>()) {
  state_->description = std::move(description);
}

template <class Handle>
Registered<Handle> Module::enter(const char* kind, std::vector<Handle>& list, std::string name, const Tensor& value) {
  state_->check_new(name);
  std::string path = str(state_->description, ": ", kind, " '", name, "'");
  Handle::admit(path, value);
  Registered<Handle> fresh;
  fresh.entry_ = std::make_shared<TensorSlot::Entry>(TensorSlot::Entry{std::move(name), std::move(path), value});
  list.push_back(fresh);
  return fresh;
}

Registered<Parameter> Module::register_parameter(std::string name, const Tensor& value) {
  return enter("parameter", state_->parameters, std::move(name), value);
}

Registered<Buffer> Module::register_buffer(std::string name, const Tensor& value, const BufferOptions& options) {
  Registered<Buffer> fresh = enter("buffer", state_->buffers, std::move(name), value);
  fresh.entry_->on_host = options.on_host;
  return fresh;
}

void Module::add_module(std::string name, const Module& module) {
  state_->check_new(name);
  visit(module, "", [&](const std::string&, const Module& below) {
    GG_CHECK(below.state_ != state_, state_->description, ": a module cannot be a part of itself ('", name, "')");
  });
  state_->children.emplace_back(std::move(name), module);
}

template <class Handle>
Module::Named Module::named(std::vector<Handle> State::*list) const {
  Named all;
  std::set<const TensorImpl*> seen;
  visit(*this, "", [&](const std::string& prefix, const Module& m) {
    for (const Handle& slot : (*m.state_).*list) {
      if (seen.insert(&slot.get()).second) all.emplace_back(prefix + slot.entry_->name, slot);
    }
  });
  return all;
}

Module::Named Module::named_parameters() const { return named(&State::parameters); }

Module::Named Module::named_buffers() const { return named(&State::buffers); }

std::vector<Tensor> Module::parameters() const {
  std::vector<Tensor> all;
  for (auto& [name, t] : named_parameters()) all.push_back(t);
  return all;
}

std::vector<Parameter> Module::parameter_slots() const {
  std::vector<Parameter> all;
  visit(*this, "", [&](const std::string&, const Module& m) {
    all.insert(all.end(), m.state_->parameters.begin(), m.state_->parameters.end());
  });
  return all;
}

std::vector<std::pair<std::string, Module>> Module::children() const { return state_->children; }

int64_t Module::num_parameters() const {
  int64_t n = 0;
  for (const Tensor& t : parameters()) n += t.requires_grad() ? t.numel() : 0;
  return n;
}

void Module::train(bool on) const {
  visit(*this, "", [&](const std::string&, const Module& m) { m.state_->training = on; });
}

bool Module::training() const { return state_->training; }

void Module::to(Device device) const {
  for (auto& [name, t] : named_parameters()) replace(t, raw::to_device(t.detach(), device));
  visit(*this, "", [&](const std::string&, const Module& m) {
    for (const Buffer& buffer : m.state_->buffers) {
      if (!buffer.entry_->on_host) replace(buffer, raw::to_device(buffer, device));
    }
  });
}

void Module::to(DType dtype) const {
  GG_CHECK(is_floating(dtype), "Module::to: parameters are float32 or float64, not ", dtype);
  for (auto& [name, t] : named_parameters()) replace(t, gg::to(t.detach(), dtype));
  for (auto& [name, t] : named_buffers()) {
    if (is_floating(t.dtype())) replace(t, gg::to(t, dtype));
  }
}

void Module::zero_grad() const {
  for (const Tensor& t : parameters()) {
    if (t.requires_grad()) t.set_grad({});
  }
}

void Module::requires_grad_(bool on) const {
  for (Tensor& t : parameters()) t.requires_grad_(on);
}

TensorMap Module::state_dict() const {
  TensorMap all;
  visit(*this, "", [&](const std::string& prefix, const Module& m) {
    for (const TensorSlot& slot : m.state_->parameters) all.emplace(prefix + slot.entry_->name, slot.detach());
    for (const TensorSlot& slot : m.state_->buffers) all.emplace(prefix + slot.entry_->name, slot.detach());
  });
  return all;
}

void Module::load_state_dict(const TensorMap& state, const LoadOptions& options) const {
  TensorMap own = state_dict();
  const std::string problems = misfits(own, state, options.strict);
  GG_CHECK(problems.empty(), "load_state_dict: these tensors do not fit ", state_->description, ":", problems);
  for (const auto& [name, t] : own) {
    if (auto it = state.find(name); it != state.end()) copy_(t, it->second);
  }
}

const std::string& Module::description() const { return state_->description; }

std::string to_string(const Module& module) {
  std::string out;
  print(module, "", 0, out);
  return out + str(module.num_parameters(), " trainable numbers");
}

}  // namespace gg::nn
