// Optimisers and gradient clipping on a device against the CPU: several parameters, groups, rates that change,
// gradients that are missing; parameters and state after each step.
#include <functional>
#include <memory>

#include "autograd/autograd.h"
#include "nn/nn.h"
#include "optim/optim.h"
#include "tests/parity/parity.h"

namespace gg::parity {
namespace {

using Parameters = std::vector<Tensor>;
using Make = std::function<std::unique_ptr<optim::Optimizer>(const Parameters&)>;

template <class Optimizer, class Options>
Make one_group(const Options& options) {
  return [options](const Parameters& p) { return std::make_unique<Optimizer>(p, options); };
}

/// The first two parameters by `a`, the others by `b`.
template <class Optimizer, class Options>
Make two_groups(const Options& a, const Options& b) {
  return [a, b](const Parameters& p) {
    using Group = typename Optimizer::Group;
    return std::make_unique<Optimizer>(
        std::vector<Group>{Group{{p.begin(), p.begin() + 2}, a}, Group{{p.begin() + 2, p.end()}, b}});
  };
}

const std::vector<std::pair<std::string, Make>>& rules() {
  using optim::AdamOptions, optim::AdamWOptions, optim::RmsPropOptions, optim::SgdOptions;
  static const std::vector<std::pair<std::string, Make>> all = {
      {"SGD", one_group<optim::SGD>(SgdOptions{.lr = 0.1})},
      {"SGD, momentum", one_group<optim::SGD>(SgdOptions{.lr = 0.1, .momentum = 0.9, .weight_decay = 0.02})},
      {"SGD, Nesterov", one_group<optim::SGD>(SgdOptions{.lr = 0.1, .momentum = 0.9, .nesterov = true})},
      {"SGD, groups",
       two_groups<optim::SGD>(SgdOptions{.lr = 0.1}, SgdOptions{.momentum = 0.5, .weight_decay = 0.1, .lr_scale = 3})},
      {"RMSprop", one_group<optim::RMSprop>(RmsPropOptions{.lr = 0.05, .weight_decay = 0.1})},
      {"RMSprop, momentum", one_group<optim::RMSprop>(RmsPropOptions{.lr = 0.05, .momentum = 0.5})},
      {"RMSprop, centered alone", one_group<optim::RMSprop>(RmsPropOptions{.lr = 0.05, .centered = true})},
      {"RMSprop, centered", one_group<optim::RMSprop>(RmsPropOptions{.lr = 0.05, .momentum = 0.5, .centered = true})},
      {"Adam", one_group<optim::Adam>(AdamOptions{.lr = 0.05, .betas = {0.5, 0.9}})},
      {"Adam, decay", one_group<optim::Adam>(AdamOptions{.lr = 0.05, .weight_decay = 0.1})},
      {"Adam, groups",
       two_groups<optim::Adam>(AdamOptions{.betas = {0, 0.9}}, AdamOptions{.eps = 1e-3, .lr_scale = 2})},
      {"AdamW", one_group<optim::AdamW>(AdamWOptions{.lr = 0.05})},
      {"AdamW, groups", two_groups<optim::AdamW>(AdamWOptions{.weight_decay = 0}, AdamWOptions{.weight_decay = 0.3})},
  };
  return all;
}

/// Parameters and state after six steps of random gradients with a rate that falls.
TensorMap results(const Make& make, Device device, DType dtype, double clip_norm = 0, double clip_value = 0) {
  Generator generator(9);
  Parameters parameters;
  // More than one block, an empty one, a scalar, and a view's worth of nothing even.
  for (const Shape& shape : {Shape{5, 3}, Shape{}, Shape{4099}, Shape{0, 3}, Shape{2, 3, 7}}) {
    parameters.push_back(to(randn(shape, {dtype}, generator), device).requires_grad_());
  }
  TensorMap out;
  const std::unique_ptr<optim::Optimizer> optimizer = make(parameters);
  for (int step = 0; step < 6; ++step) {
    optimizer->zero_grad();
    for (size_t i = 0; i < parameters.size(); ++i) {
      const Tensor g = to(randn(parameters[i].shape(), {dtype}, generator), device);
      if (static_cast<int>(i) != step - 2) parameters[i].set_grad(g);  // one of them has none
    }
    if (clip_norm > 0) out[str("norm ", step)] = optim::clip_grad_norm_(parameters, clip_norm);
    if (clip_value > 0) optim::clip_grad_value_(parameters, clip_value);
    for (size_t i = 0; i < parameters.size(); ++i) {
      if (parameters[i].grad().defined()) out[str("gradient ", step, ".", i)] = clone(parameters[i].grad());
    }
    optimizer->step(0.1 / (1 + step));
    for (size_t i = 0; i < parameters.size(); ++i) out[str("parameter ", step, ".", i)] = clone(parameters[i].detach());
  }
  for (const auto& [name, t] : optimizer->state_dict()) out["state " + name] = t;
  return out;
}

double tolerance_of(DType dtype) { return dtype == f64 ? 1e-13 : 5e-6; }

class Optimizers : public OnDevice {};

TEST_P(Optimizers, EveryRule) {
  for (const auto& [name, make] : rules()) {
    for (const DType dtype : {f32, f64}) {
      SCOPED_TRACE(str(name, ", ", dtype));
      const TensorMap here = results(make, Device(), dtype);
      EXPECT_EQ(difference("", results(make, device(), dtype), here, tolerance_of(dtype)), "");
      EXPECT_TRUE(name == "SGD" || here.contains("state 4.step") || here.contains("state 4.momentum_buffer")) << name;
    }
  }
}

TEST_P(Optimizers, Clipping) {
  const Make& adam = rules()[8].second;
  for (const DType dtype : {f32, f64}) {
    for (const double limit : {0.5, 1e6}) {  // reached, and not
      const TensorMap here = results(adam, Device(), dtype, limit, limit / 10);
      EXPECT_EQ(difference("", results(adam, device(), dtype, limit, limit / 10), here, tolerance_of(dtype)), "");
    }
  }
}

TEST_P(Optimizers, AnotherOptionIsFound) {
  const TensorMap here = results(one_group<optim::Adam>(optim::AdamOptions{.betas = {0.5, 0.9}}), Device(), f64);
  const TensorMap there = results(one_group<optim::Adam>(optim::AdamOptions{.betas = {0.5, 0.9001}}), device(), f64);
  const Findings found = difference("", there, here, tolerance_of(f64));
  EXPECT_NE(found.find("parameter 1.0"), std::string::npos) << found;
  EXPECT_NE(found.find("state 0.exp_avg_sq"), std::string::npos) << found;
  EXPECT_EQ(found.find("state 0.exp_avg:"), std::string::npos) << found;
}

TEST_P(Optimizers, SparseAdam) {
  auto trained = [](Device where, DType dtype) {
    manual_seed(4);
    nn::Embedding layer(300, 5, {.padding_idx = 7, .sparse = true});
    layer.to(dtype);
    layer.to(where);
    optim::SparseAdam optimizer({layer}, {.lr = 0.1});
    for (int step = 0; step < 4; ++step) {
      for (int pass = 0; pass <= step % 2; ++pass) {
        sum(square(layer(to(randint(0, 20, {4, 3}), where)))).backward();
      }
      optimizer.step();
      optimizer.zero_grad();
    }
    TensorMap out{{"table", layer.weight.detach()}};
    for (const auto& [name, t] : optimizer.state_dict()) out["state " + name] = t;
    return out;
  };
  for (const DType dtype : {f32, f64}) {
    EXPECT_EQ(difference("", trained(device(), dtype), trained(Device(), dtype), tolerance_of(dtype)), "");
  }
}

GG_ON_DEVICES(Optimizers);

}  // namespace
}  // namespace gg::parity
