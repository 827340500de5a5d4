// Modules: registration, names, modes, moves, state dicts.
#include "nn/module.h"

#include <gtest/gtest.h>

#include <cmath>
#include <type_traits>

#include "autograd/autograd.h"
#include "nn/nn.h"
#include "ops/copy.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "optim/optim.h"
#include "tests/errors.h"

namespace gg::nn_test {
namespace {

struct Mlp : nn::Module {
  nn::Linear hidden = register_module("hidden", nn::Linear(4, 3));
  nn::BatchNorm1d norm = register_module("norm", nn::BatchNorm1d(3));
  nn::Linear out = register_module("out", nn::Linear(3, 2, {.bias = false}));
  nn::Parameter scale = register_parameter("scale", ones({2}));
  Tensor operator()(const Tensor& x) const { return out(relu(norm(hidden(x)))) * scale; }
};

std::vector<std::string> names(const nn::Module::Named& named) {
  std::vector<std::string> out;
  for (auto& [name, t] : named) out.push_back(name);
  return out;
}

TEST(Module, NamesParametersAndBuffers) {
  Mlp net;
  EXPECT_EQ(names(net.named_parameters()), (std::vector<std::string>{"scale", "hidden.weight", "hidden.bias",
                                                                     "norm.weight", "norm.bias", "out.weight"}));
  EXPECT_EQ(names(net.named_buffers()),
            (std::vector<std::string>{"norm.running_mean", "norm.running_var", "norm.num_batches_tracked"}));
  EXPECT_EQ(net.num_parameters(), 2 + 12 + 3 + 3 + 3 + 6);
  EXPECT_EQ(net.state_dict().size(), 9u);
  for (const Tensor& t : net.parameters()) EXPECT_TRUE(t.requires_grad() && t.is_leaf());
  std::string text = to_string(net);
  EXPECT_NE(text.find("hidden: Linear(4, 3)"), std::string::npos) << text;
  EXPECT_NE(text.find("29 trainable numbers"), std::string::npos) << text;
}

TEST(Module, CopiesShare) {
  Mlp net;
  Mlp copy = net;
  nn::Sequential wrapped{net, nn::Tanh()};
  copy.eval();
  EXPECT_FALSE(net.training());
  EXPECT_FALSE(net.norm.training());
  net.hidden.weight.set_grad(ones({3, 4}));
  EXPECT_TRUE(copy.hidden.weight.grad().defined());
  EXPECT_TRUE(wrapped.parameters()[1].grad().defined());
  wrapped.zero_grad();
  EXPECT_FALSE(net.hidden.weight.grad().defined());
  Mlp moved = std::move(copy);
  EXPECT_EQ(moved.num_parameters(), 29);
}

TEST(Module, CountsTiedParametersOnce) {
  nn::Linear a(3, 3, {.bias = false});
  nn::Sequential net{a, nn::ReLU(), a};
  EXPECT_EQ(names(net.named_parameters()), (std::vector<std::string>{"0.weight"}));
  EXPECT_EQ(net.num_parameters(), 9);
  EXPECT_EQ(net.state_dict().size(), 2u) << "files name both places, as PyTorch's do";
}

// What the language modelling of every textbook does: one matrix looks tokens up and scores them.
struct TokenModel : nn::Module {
  nn::Embedding in = register_module("in", nn::Embedding(5, 3));
  nn::Linear out = register_module("out", nn::Linear(3, 5));
  explicit TokenModel(bool tied) {
    if (tied) out.weight = in.weight;
  }
  Tensor operator()(const Tensor& index) const { return out(in(index)); }
};

TEST(Parameter, AssignmentTies) {
  TokenModel net(true);
  TokenModel copy = net;
  EXPECT_EQ(names(net.named_parameters()), (std::vector<std::string>{"in.weight", "out.bias"}));
  EXPECT_EQ(net.num_parameters(), 15 + 5);
  TensorMap state = net.state_dict();
  ASSERT_EQ(state.size(), 3u);
  EXPECT_EQ(state.at("in.weight").get().storage.get(), state.at("out.weight").get().storage.get());

  // The optimiser moves it once, for both of its uses and all copies.
  sum(net(tensor({1, 4}, {.dtype = i64}))).backward();
  Tensor expected = net.in.weight.detach() - net.in.weight.grad() * 0.5;
  optim::SGD(net.parameters(), {.lr = 0.5}).step();
  EXPECT_EQ(net.out.weight.to_vector<float>(), expected.to_vector<float>());
  EXPECT_EQ(copy.out.weight.to_vector<float>(), expected.to_vector<float>());
  EXPECT_EQ(net.state_dict().at("out.weight").to_vector<float>(), expected.to_vector<float>());

  net.to(f64);
  EXPECT_TRUE(copy.out.weight.is_same(copy.in.weight));
  EXPECT_EQ(copy.out.weight.dtype(), f64);
}

TEST(Parameter, LoadingKeepsTies) {
  TokenModel a(true), b(true), untied(false);
  TensorMap state = a.state_dict();
  b.load_state_dict(state);
  untied.load_state_dict(state);
  EXPECT_TRUE(b.in.weight.is_same(b.out.weight));
  EXPECT_FALSE(untied.in.weight.is_same(untied.out.weight));
  Tensor index = tensor({0, 3, 2}, {.dtype = i64});
  for (const TokenModel& other : {b, untied}) {
    EXPECT_EQ(other(index).to_vector<float>(), a(index).to_vector<float>());
  }
}

TEST(Parameter, AssignmentReachesCopiesMadeBefore) {
  nn::Linear first(3, 2), second(3, 2);
  nn::Linear copy = second;
  nn::Sequential holder{second};
  second.weight = first.weight;
  EXPECT_TRUE(copy.weight.is_same(first.weight));
  EXPECT_TRUE(holder.parameters()[0].is_same(first.weight));
  EXPECT_EQ(holder(ones({1, 3})).to_vector<float>(), second(ones({1, 3})).to_vector<float>());
  second.weight = zeros({2, 3});  // not tied any more
  EXPECT_TRUE(copy.weight.requires_grad());
  EXPECT_FALSE(copy.weight.is_same(first.weight));
  EXPECT_EQ(holder.state_dict().at("0.weight").to_vector<float>(), std::vector<float>(6, 0));
}

TEST(Parameter, ReadsLikeATensor) {
  nn::Linear layer(3, 2);
  Tensor both = layer.weight * 2.0 + layer.weight;
  EXPECT_EQ(both.shape(), (Shape{2, 3}));
  EXPECT_EQ(sum(layer.weight).item(), sum(layer.weight.tensor()).item());
  EXPECT_EQ(grad(sum(square(layer.weight)), {layer.weight, layer.weight}).size(), 2u);
  layer.bias.requires_grad_(false);
  EXPECT_EQ(layer.num_parameters(), 6);
  EXPECT_EQ(nn::Linear(3, 2, {.bias = false}).bias.defined(), false);
  const Shape& shape = nn::Linear(3, 2).weight.shape();  // of a temporary: a copy
  EXPECT_EQ(shape, (Shape{2, 3}));
  static_assert(!std::is_assignable_v<nn::Linear&, const nn::Linear&>, "a parent would go on with the old one");
  static_assert(!std::is_convertible_v<nn::Registered<nn::Parameter>, Tensor>, "it would miss assignments");
}

TEST(Parameter, RefusesWhatDoesNotFit) {
  nn::Linear layer(3, 2), other(2, 3), bare(3, 2, {.bias = false});
  Tensor before = layer.weight;
  expect_error([&] { layer.weight = other.weight; },
               "Linear(3, 2): parameter 'weight' can only be replaced by float32 [2,3], got float32 [3,2]");
  expect_error([&] { layer.weight = ones({2, 3}, {.dtype = f64}); }, "got float64");
  expect_error([&] { layer.weight = Tensor(); }, "undefined");
  expect_error([&] { layer.weight = slice(ones({4, 3}), 0, 0, 2); }, "storage of its own");
  expect_error([&] { layer.weight = ones({2, 3}).requires_grad_() * 2.0; }, "without history");
  expect_error([&] { bare.bias = layer.bias; }, "constructed without (bias = false, say)");
  expect_error([&] { layer.bias = bare.bias; }, "undefined");
  nn::BatchNorm1d norm(3);
  expect_error([&] { norm.running_mean = ones({3}).requires_grad_(); }, "does not require grad");
  EXPECT_TRUE(layer.weight.is_same(before));
}

TEST(Buffer, AssignmentReplacesForAll) {
  nn::BatchNorm1d norm(3);
  nn::BatchNorm1d copy = norm;
  norm.running_mean = full({3}, 7);
  EXPECT_EQ(copy.running_mean.to_vector<float>(), std::vector<float>(3, 7));
  EXPECT_EQ(copy.state_dict().at("running_mean").to_vector<float>(), std::vector<float>(3, 7));
}

TEST(Buffer, ASymbolicZeroIsWrittenInPlace) {
  struct Counter : nn::Module {
    nn::Buffer seen = register_buffer("seen", symbolic_zeros({2}, {}));
    nn::Parameter scale = register_parameter("scale", symbolic_zeros({2}, {}));
  } m;
  m.load_state_dict({{"seen", ones({2})}, {"scale", ones({2})}});
  EXPECT_EQ(m.scale.to_vector<float>(), (std::vector<float>{1, 1}));
  EXPECT_EQ(m.seen.to_vector<float>(), (std::vector<float>{1, 1}));
}

TEST(Module, RefusesBadRegistrations) {
  struct Any : nn::Module {
  } m;
  m.register_parameter("w", ones({2}));
  expect_error([&] { m.register_parameter("w", ones({2})); }, "there already is a 'w'");
  expect_error([&] { m.register_buffer("w", ones({2})); }, "there already is a 'w'");
  expect_error([&] { m.add_module("w", nn::ReLU()); }, "there already is a 'w'");
  expect_error([&] { m.register_parameter("a.b", ones({2})); }, "without dots");
  expect_error([&] { m.register_parameter("", ones({2})); }, "without dots");
  expect_error([&] { m.register_parameter("i", arange(0, 3)); }, "floating");
  expect_error([&] { m.register_parameter("u", Tensor()); }, "floating");
  expect_error([&] { m.register_parameter("h", ones({2}).requires_grad_() * 2.0); }, "without history");
  for (const Tensor& part : {slice(ones({8}), 0, 0, 8, 2), slice(ones({8}), 0, 0, 4), select(ones({3, 4}), 0, 2)}) {
    expect_error([&] { m.register_parameter("v", part); }, "parameter 'v' must have storage of its own");
  }
  EXPECT_NO_THROW(m.register_parameter("t", transpose(ones({3, 4}))));
  expect_error([&] { m.register_buffer("g", ones({2}).requires_grad_()); }, "does not require grad");
  expect_error([&] { m.add_module("self", m); }, "part of itself");
  nn::Sequential around{nn::ReLU()};
  around.add_module("m", m);
  expect_error([&] { m.add_module("loop", around); }, "part of itself");
}

TEST(Module, LoadsWhatAnotherSaved) {
  manual_seed(1);
  Mlp a, b;
  a(randn({8, 4}));  // moves the running statistics
  a.eval(), b.eval();
  Tensor x = randn({5, 4});
  EXPECT_NE(a(x).to_vector<float>(), b(x).to_vector<float>());
  Tensor kept = b.hidden.weight;
  b.load_state_dict(a.state_dict());
  EXPECT_EQ(a(x).to_vector<float>(), b(x).to_vector<float>());
  EXPECT_TRUE(kept.is_same(b.hidden.weight)) << "in place";
  EXPECT_FALSE(a.hidden.weight.get().storage == b.hidden.weight.get().storage) << "but not shared";
  EXPECT_EQ(b.norm.num_batches_tracked.item(), 1);
}

TEST(Module, SaysWhatDoesNotFit) {
  Mlp net;
  std::vector<float> before = net.scale.to_vector<float>();
  TensorMap state;
  for (auto& [name, t] : net.state_dict()) state[name] = zeros_like(t);
  state.erase("out.weight");
  state["extra"] = ones({1});
  state["hidden.bias"] = ones({4});
  state["norm.weight"] = ones({3}, {.dtype = f64});
  for (const char* part :
       {"missing: out.weight", "unexpected: extra", "wrong: hidden.bias: expected float32 [3], got float32 [4]",
        "wrong: norm.weight: expected float32 [3], got float64 [3]"}) {
    expect_error([&] { net.load_state_dict(state); }, part);
  }
  EXPECT_EQ(net.scale.to_vector<float>(), before) << "nothing changed";
  expect_error([&] { net.load_state_dict(state, {.strict = false}); }, "hidden.bias");
  state.erase("hidden.bias"), state.erase("norm.weight");
  net.load_state_dict(state, {.strict = false});
  EXPECT_EQ(net.scale.to_vector<float>(), (std::vector<float>{0, 0}));
}

TEST(Module, ChangesTypeInPlace) {
  Mlp net;
  Tensor handle = net.hidden.weight;
  std::vector<float> before = handle.to_vector<float>();
  handle.set_grad(ones({3, 4}));
  net.to(f64);
  EXPECT_EQ(handle.dtype(), f64);
  EXPECT_TRUE(handle.requires_grad());
  EXPECT_FALSE(handle.grad().defined());
  EXPECT_EQ(handle.to_vector<double>(), std::vector<double>(before.begin(), before.end()));
  EXPECT_EQ(net.norm.running_var.dtype(), f64);
  EXPECT_EQ(net.norm.num_batches_tracked.dtype(), i64);
  sum(net(ones({5, 4}, {.dtype = f64}) * 0.5)).backward();
  EXPECT_EQ(handle.grad().dtype(), f64);
  net.to(f32);
  EXPECT_EQ(handle.to_vector<float>(), before);
  net.to(Device::cpu);
  EXPECT_EQ(handle.to_vector<float>(), before);
  expect_error([&] { net.to(i64); }, "float32 or float64");
}

TEST(Module, FreezesParameters) {
  Mlp net;
  net.hidden.requires_grad_(false);
  EXPECT_EQ(net.num_parameters(), 14);
  sum(net(ones({3, 4}))).backward();
  EXPECT_FALSE(net.hidden.weight.grad().defined());
  EXPECT_TRUE(net.out.weight.grad().defined());
  EXPECT_NO_THROW(net.zero_grad());
  net.requires_grad_();
  EXPECT_EQ(net.num_parameters(), 29);
}

TEST(Copy, LeavesOtherZerosAlone) {
  Tensor z = symbolic_zeros({3}, {});
  copy_(z, ones({3}));
  EXPECT_EQ(z.to_vector<float>(), (std::vector<float>{1, 1, 1}));
  EXPECT_EQ(symbolic_zeros({3}, {}).to_vector<float>(), (std::vector<float>{0, 0, 0}));
}

TEST(Copy, ChecksAndRaisesTheVersion) {
  Tensor t = ones({3});
  uint32_t before = t.get().storage->version();
  copy_(t, zeros({3}));
  EXPECT_GT(t.get().storage->version(), before);
  EXPECT_EQ(t.to_vector<float>(), (std::vector<float>{0, 0, 0}));
  expect_error([&] { copy_(t, ones({1})); }, "expected float32 [3], got float32 [1]");
  expect_error([&] { copy_(t, ones({3}, {.dtype = f64})); }, "float64");
  t.requires_grad_();
  expect_error([&] { copy_(t, ones({3})); }, "NoGrad");
}

}  // namespace
}  // namespace gg::nn_test
