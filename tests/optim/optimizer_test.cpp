// The optimisers against golden numbers, and what they share: groups, state, layouts, errors.
#include <gtest/gtest.h>

#include <cmath>
#include <concepts>

#include "autograd/autograd.h"
#include "ops/copy.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "optim/optim.h"
#include "tests/errors.h"
#include "tests/golden.h"

namespace gg::optim_test {
namespace {

using namespace gg::optim;
using nlohmann::json;

const json& golden() {
  static const json g = read_golden("optimizers");
  return g;
}

Tensor golden_tensor(const json& numbers, const std::string& name, DType dtype) {
  Shape shape(golden()["shapes"][name].get<std::vector<int64_t>>());
  return to(from_vector(numbers[name].get<std::vector<double>>(), shape), dtype);
}

std::unique_ptr<Optimizer> make(const json& c, const std::vector<Tensor>& parameters) {
  auto number = [&](const char* key, double normal) { return c.value(key, normal); };
  auto betas = c.value("betas", std::array<double, 2>{0.9, 0.999});
  if (c["rule"] == "sgd") {
    SgdOptions o{.momentum = number("momentum", 0), .weight_decay = number("weight_decay", 0)};
    o.nesterov = c.value("nesterov", false);
    return std::make_unique<SGD>(parameters, o);
  }
  if (c["rule"] == "adam") {
    return std::make_unique<Adam>(
        parameters, AdamOptions{.betas = betas, .eps = number("eps", 1e-8), .weight_decay = number("weight_decay", 0)});
  }
  return std::make_unique<AdamW>(
      parameters, AdamWOptions{.betas = betas, .eps = number("eps", 1e-8), .weight_decay = number("weight_decay", 0)});
}

void expect_near(const Tensor& t, const std::vector<double>& expected, double tolerance, const std::string& where) {
  std::vector<double> got = to(t.detach(), f64).to_vector<double>();
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i) {
    EXPECT_NEAR(got[i], expected[i], tolerance * (1 + std::abs(expected[i]))) << where << ", number " << i;
  }
}

class Golden : public testing::TestWithParam<std::tuple<size_t, DType>> {};

TEST_P(Golden, TwentySteps) {
  auto [index, dtype] = GetParam();
  const json& c = golden()["cases"][index];
  Tensor a = golden_tensor(golden()["start"], "a", dtype).requires_grad_();
  Tensor b = golden_tensor(golden()["start"], "b", dtype).requires_grad_();
  auto optimizer = make(c, {a, b});
  for (size_t t = 0; t < golden()["rates"].size(); ++t) {
    a.set_grad(golden_tensor(golden()["grads"][t], "a", dtype));
    b.set_grad(golden_tensor(golden()["grads"][t], "b", dtype));
    optimizer->step(golden()["rates"][t].get<double>());
    std::string where = str(c["name"].get<std::string>(), " after step ", t + 1);
    double tolerance = dtype == f64 ? 1e-12 : 2e-5;
    expect_near(a, c["after"][t]["a"].get<std::vector<double>>(), tolerance, where);
    expect_near(b, c["after"][t]["b"].get<std::vector<double>>(), tolerance, where);
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Optimizers, Golden, testing::Combine(testing::Range<size_t>(0, 8), testing::Values(f32, f64)),
                         [](const auto& info) {
                           return golden()["cases"][std::get<0>(info.param)]["name"].template get<std::string>() + "_" +
                                  name_of(std::get<1>(info.param));
                         });

// Random numbers without the library's generator.
Tensor noise(const Shape& shape, unsigned seed) {
  std::vector<float> v(static_cast<size_t>(shape.numel()));
  for (float& x : v) x = static_cast<float>((seed = seed * 1664525u + 1013904223u) >> 8) / 8388608.0f - 1;
  return from_vector(v, shape);
}

void fill_grads(const std::vector<Tensor>& parameters, unsigned seed) {
  for (const Tensor& p : parameters) p.set_grad(noise(p.shape(), seed += 17));
}

std::vector<Tensor> three_parameters() {
  return {noise({1000}, 1).requires_grad_(), noise({7, 11}, 2).requires_grad_(), noise({}, 3).requires_grad_()};
}

bool equal_bits(const Tensor& a, const Tensor& b) { return a.to_vector<float>() == b.to_vector<float>(); }

TEST(Optimizer, ResumesExactly) {
  auto whole = three_parameters();
  AdamW first(whole, {.lr = 0.01});
  for (unsigned t = 0; t < 5; ++t) fill_grads(whole, t), first.step();

  auto resumed = three_parameters();
  for (size_t i = 0; i < whole.size(); ++i) resumed[i] = clone(whole[i].detach()).requires_grad_();
  TensorMap saved;
  for (auto& [name, t] : first.state_dict()) saved[name] = clone(t);
  AdamW second(resumed, {.lr = 0.01});
  second.load_state_dict(saved);
  for (unsigned t = 5; t < 9; ++t) {
    fill_grads(whole, t), first.step();
    fill_grads(resumed, t), second.step();
  }
  for (size_t i = 0; i < whole.size(); ++i) EXPECT_TRUE(equal_bits(whole[i], resumed[i]));
  AdamW fresh(resumed, {.lr = 0.01});  // without the state the next step differs
  fill_grads(whole, 9), first.step();
  fill_grads(resumed, 9), fresh.step();
  EXPECT_FALSE(equal_bits(whole[0], resumed[0]));
}

TEST(Optimizer, SkipsParametersWithoutGradient) {
  auto p = three_parameters();
  Adam optimizer(p, {.lr = 0.1, .weight_decay = 0.1});
  std::vector<float> before = p[1].to_vector<float>();
  p[0].set_grad(noise(p[0].shape(), 5));
  optimizer.step();
  EXPECT_EQ(p[1].to_vector<float>(), before);
  TensorMap state = optimizer.state_dict();
  EXPECT_EQ(state.size(), 3u);
  EXPECT_EQ(state.at("0.step").item(), 1);
  EXPECT_TRUE(state.contains("0.exp_avg") && state.contains("0.exp_avg_sq"));

  // The one that joins later starts with its own step count, as if it were alone.
  fill_grads(p, 6);
  optimizer.step();
  EXPECT_EQ(optimizer.state_dict().at("0.step").item(), 2);
  EXPECT_EQ(optimizer.state_dict().at("1.step").item(), 1);
  auto alone = three_parameters();
  Adam other({alone[1]}, {.lr = 0.1, .weight_decay = 0.1});
  alone[1].set_grad(p[1].grad());
  other.step();
  EXPECT_TRUE(equal_bits(p[1], alone[1]));
}

TEST(Optimizer, GroupsHaveTheirOwnOptions) {
  auto a = three_parameters(), b = three_parameters(), together = three_parameters();
  fill_grads(a, 1), fill_grads(b, 1), fill_grads(together, 1);
  AdamW for_a({a[0]}, {.lr = 0.1, .weight_decay = 0.5});
  AdamW for_b({b[1]}, {.lr = 0.01, .weight_decay = 0});
  AdamW both({{{together[0]}, {.lr = 0.1, .weight_decay = 0.5}}, {{together[1]}, {.lr = 0.01, .weight_decay = 0}}});
  for_a.step(), for_b.step(), both.step();
  EXPECT_TRUE(equal_bits(a[0], together[0]));
  EXPECT_TRUE(equal_bits(b[1], together[1]));
  EXPECT_EQ(both.parameters().size(), 2u);

  SGD scaled({{{a[0]}, {}}, {{b[0]}, {.lr_scale = 0.1}}});
  std::vector<float> start_a = a[0].to_vector<float>(), start_b = b[0].to_vector<float>();
  a[0].set_grad(full({1000}, 1)), b[0].set_grad(full({1000}, 1));
  scaled.step(0.5);
  EXPECT_NEAR(a[0].to_vector<float>()[3], start_a[3] - 0.5, 1e-6);
  EXPECT_NEAR(b[0].to_vector<float>()[3], start_b[3] - 0.05, 1e-6);
}

TEST(Optimizer, OptionsCanBeReadAndChanged) {
  auto p = three_parameters(), q = three_parameters();
  AdamW optimizer({{{p[0], p[1]}, {.lr = 0.1, .weight_decay = 0.5}}, {{p[2]}, {.lr = 0.2, .lr_scale = 3}}});
  EXPECT_EQ(optimizer.options(0).weight_decay, 0.5);
  EXPECT_EQ(optimizer.options(1).weight_decay, 0.01);
  EXPECT_EQ(optimizer.options(1).betas[1], 0.999);
  EXPECT_TRUE(optimizer.options().decoupled_weight_decay);
  Optimizer& any = optimizer;  // code that serves all rules
  ASSERT_EQ(any.groups().size(), 2u);
  EXPECT_EQ(any.groups()[0].parameters.size(), 2u);
  EXPECT_TRUE(any.groups()[1].parameters[0].is_same(p[2]));
  any.step(0.01);
  EXPECT_EQ(any.groups()[0].lr, 0.01) << "step(lr) says what the rate is";
  EXPECT_EQ(any.groups()[1].lr, 0.03);

  // A rate and a decay of their own at each step are those of fresh optimisers with the same state.
  AdamW scheduled({p[0]}), constant({q[0]});
  for (int t = 0; t < 4; ++t) {
    double rate = 0.1 / (t + 1), decay = 0.5 * t;
    p[0].set_grad(noise({1000}, 7)), q[0].set_grad(noise({1000}, 7));
    for (auto& group : scheduled.groups()) group.weight_decay = decay;
    scheduled.step(rate);
    AdamW fresh({q[0]}, {.lr = rate, .weight_decay = decay});
    fresh.load_state_dict(constant.state_dict());
    fresh.step();
    constant.load_state_dict(fresh.state_dict());
    ASSERT_TRUE(equal_bits(p[0], q[0])) << t;
  }
  optimizer.options(1).betas = {0.9, 1};
  std::vector<float> before = p[0].to_vector<float>();
  fill_grads(p, 1);
  expect_error([&] { optimizer.step(); }, "betas must be in [0, 1)");
  any.groups()[1].weight_decay = -1;
  expect_error([&] { optimizer.step(); }, "weight_decay must be finite and not negative");
  EXPECT_EQ(p[0].to_vector<float>(), before) << "the first group did not move either";
  expect_error([&] { optimizer.options(2); }, "asked for group 2 of 2");
}

TEST(Optimizer, AdamWIsAdamWithDecoupledDecay) {
  auto p = three_parameters(), q = three_parameters();
  AdamW w(p, {.lr = 0.1, .weight_decay = 0.3});
  Adam a(q, {.lr = 0.1, .weight_decay = 0.3, .decoupled_weight_decay = true});
  static_assert(std::derived_from<AdamW, Adam>);
  for (unsigned t = 0; t < 3; ++t) {
    fill_grads(p, t), fill_grads(q, t);
    w.step(), a.step();
  }
  for (size_t i = 0; i < p.size(); ++i) EXPECT_TRUE(equal_bits(p[i], q[i]));
}

TEST(Optimizer, MomentumCanBeginLater) {
  auto p = three_parameters(), q = three_parameters();
  SGD late({p[0]}, {.lr = 0.1}), early({q[0]}, {.lr = 0.1, .momentum = 0.9});
  p[0].set_grad(noise({1000}, 1));
  late.step();
  EXPECT_FALSE(late.state_dict().contains("0.momentum_buffer"));
  late.options().momentum = 0.9;
  copy_(q[0].detach(), p[0].detach());
  for (unsigned t = 2; t < 5; ++t) {
    p[0].set_grad(noise({1000}, t)), q[0].set_grad(noise({1000}, t));
    late.step(), early.step();
  }
  EXPECT_TRUE(equal_bits(p[0], q[0]));
  SGD loaded({p[0]}, {.lr = 0.1});
  loaded.load_state_dict(late.state_dict());
  EXPECT_TRUE(loaded.state_dict().contains("0.momentum_buffer")) << "kept although nothing uses it now";
}

// Sign descent with a counter and five states: a rule without a kernel, made of operations.
struct SignOptions {
  double lr = 0.1, weight_decay = 0, lr_scale = 1;
};
class SignDescent final : public OptimizerWith<SignOptions> {
 public:
  explicit SignDescent(std::vector<Tensor> parameters)
      : OptimizerWith("SignDescent", {"a", "b", "c", "d", "e"}, {{std::move(parameters), {}}}) {
    check_options();
  }

 private:
  void check(size_t) const override {}
  size_t states_used(size_t) const override { return 5; }
  void update(size_t group, Slots slots) override {
    NoGrad guard;
    for (Slot* s : slots) {
      const Tensor g = s->parameter.grad();
      copy_(s->state[4], s->state[4] + g);
      copy_(s->parameter, s->parameter - options(group).lr * g / abs(g));
    }
  }
};

TEST(Optimizer, ARuleNeedsNoKernel) {
  Tensor x = tensor({4, -3}).requires_grad_();
  SignDescent optimizer({x});
  x.set_grad(tensor({7, -2}));
  optimizer.step();
  optimizer.step(1);
  EXPECT_NEAR(x.to_vector<float>()[0], 4 - 1.1, 1e-6);
  EXPECT_NEAR(x.to_vector<float>()[1], -3 + 1.1, 1e-6);
  EXPECT_EQ(optimizer.state_dict().at("0.e").to_vector<float>(), (std::vector<float>{14, -4}));
  EXPECT_EQ(optimizer.state_dict().at("0.step").item(), 2);
}

TEST(Optimizer, ANanStaysWhereItIs) {
  auto p = three_parameters();
  AdamW optimizer({p[0], p[1]});
  fill_grads(p, 1);
  Tensor g = clone(p[0].grad());
  g.mutable_data<float>()[3] = NAN;
  p[0].set_grad(g);
  optimizer.step();
  std::vector<float> after = p[0].to_vector<float>();
  for (size_t i = 0; i < after.size(); ++i) EXPECT_EQ(std::isnan(after[i]), i == 3) << i;
  for (float v : p[1].to_vector<float>()) EXPECT_FALSE(std::isnan(v));
}

TEST(Optimizer, TakesGradientsInAnotherAxisOrder) {
  auto p = three_parameters(), q = three_parameters();
  Tensor g = noise({11, 7}, 9);
  p[1].set_grad(transpose(g));
  q[1].set_grad(contiguous(transpose(g)));
  ASSERT_FALSE(p[1].grad().is_contiguous());
  SGD first(p, {.lr = 0.1, .momentum = 0.9}), second(q, {.lr = 0.1, .momentum = 0.9});
  first.step(), second.step();
  EXPECT_TRUE(equal_bits(p[1], q[1]));
  // And parameters in another order than row-major.
  Tensor t = clone(transpose(noise({5, 3}, 4))).requires_grad_();
  ASSERT_FALSE(t.is_contiguous());
  Tensor row_major = contiguous(t.detach()).requires_grad_();
  Tensor grad = noise({3, 5}, 8);
  t.set_grad(grad), row_major.set_grad(grad);
  AdamW third({t}, {.lr = 0.1}), fourth({row_major}, {.lr = 0.1});
  third.step(), fourth.step();
  EXPECT_TRUE(equal_bits(t, row_major));
}

TEST(Optimizer, ExpandedAndSymbolicZeroGradients) {
  auto p = three_parameters();
  SGD optimizer(p, {.lr = 1});
  float before = p[0].to_vector<float>()[5], before1 = p[1].to_vector<float>()[5];
  p[0].set_grad(expand(scalar(0.25), {1000}));
  p[1].set_grad(symbolic_zeros({7, 11}, {}));
  optimizer.step();
  EXPECT_FLOAT_EQ(p[0].to_vector<float>()[5], before - 0.25f);
  EXPECT_FLOAT_EQ(p[1].to_vector<float>()[5], before1);
}

TEST(Optimizer, RaisesVersionsAndZeroesGradients) {
  auto p = three_parameters();
  SGD optimizer(p, {.lr = 0.1});
  Tensor loss = sum(square(p[0]));
  loss.backward(true);
  optimizer.step();
  EXPECT_THROW(loss.backward(), Error) << "the graph saved numbers that are gone";
  optimizer.zero_grad();
  EXPECT_FALSE(p[0].grad().defined());
  EXPECT_NO_THROW(optimizer.step());
}

TEST(Optimizer, TrainsThroughAutograd) {
  Tensor x = tensor({4, -3}).requires_grad_();
  Adam optimizer({x}, {.lr = 0.1});
  for (int t = 0; t < 400; ++t) {
    optimizer.zero_grad();
    sum(square(x - tensor({1, 2}))).backward();
    optimizer.step();
  }
  EXPECT_NEAR(x.to_vector<float>()[0], 1, 1e-2);
  EXPECT_NEAR(x.to_vector<float>()[1], 2, 1e-2);
}

TEST(Optimizer, RefusesWhatIsNoParameter) {
  auto p = three_parameters();
  expect_error([&] { SGD({noise({2}, 1)}); }, "parameter 0 is not a leaf that requires grad");
  expect_error([&] { SGD({p[0], square(p[1])}); }, "parameter 1 is not a leaf");
  expect_error([&] { SGD({p[0], p[0]}); }, "given twice");
  expect_error([&] { Adam({{{p[0]}, {}}, {{p[0]}, {}}}); }, "given twice");
  expect_error([&] { SGD({slice(noise({10}, 1), 0, 0, 10, 2).requires_grad_()}); }, "strided view");
  expect_error([&] { SGD(p, {.nesterov = true}); }, "nesterov needs momentum");
  expect_error([&] { SGD(p, {.momentum = 1}); }, "momentum");
  expect_error([&] { Adam(p, {.betas = {0.9, 1}}); }, "betas");
  expect_error([&] { AdamW(p, {.eps = -1}); }, "eps");
  expect_error([&] { AdamW(p, {.weight_decay = -1}); }, "weight_decay");
  expect_error([&] { AdamW(p, {.weight_decay = NAN}); }, "weight_decay");
  expect_error([&] { AdamW(p, {.lr = -1}); }, "AdamW: the learning rate (lr) must be finite and not negative, got -1");
  SGD optimizer(p);
  fill_grads(p, 1);
  expect_error([&] { optimizer.step(-1); }, "learning rate");
  expect_error([&] { optimizer.step(NAN); }, "learning rate");
}

TEST(Optimizer, RefusesStateThatDoesNotFit) {
  auto p = three_parameters();
  Adam optimizer(p);
  fill_grads(p, 1);
  optimizer.step();
  TensorMap good = optimizer.state_dict();
  std::vector<float> before = good.at("0.exp_avg").to_vector<float>();
  auto with = [&](const std::string& name, Tensor t) {
    TensorMap m;
    for (auto& [n, v] : good) m[n] = zeros_like(v);
    for (const char* i : {"0", "1", "2"}) m[std::string(i) + ".step"] = scalar(3, {.dtype = i64});
    if (t.defined()) {
      m[name] = t;
    } else {
      m.erase(name);
    }
    return m;
  };
  expect_error([&] { optimizer.load_state_dict(with("1.exp_avg", {})); }, "missing: 1.exp_avg");
  expect_error([&] { optimizer.load_state_dict(with("1.step", {})); }, "unexpected: 1.exp_avg");
  expect_error([&] { optimizer.load_state_dict(with("3.step", scalar(1, {.dtype = i64}))); }, "unexpected: 3.step");
  expect_error([&] { optimizer.load_state_dict(with("0.step", scalar(1))); }, "wrong: 0.step");
  expect_error([&] { optimizer.load_state_dict(with("0.step", scalar(0, {.dtype = i64}))); }, "wrong: 0.step is 0");
  expect_error([&] { optimizer.load_state_dict(with("1.exp_avg", zeros({7, 12}))); }, "expected float32 [7,11]");
  expect_error([&] { optimizer.load_state_dict(with("1.exp_avg", zeros({7, 11}, {.dtype = f64}))); }, "float64");
  EXPECT_EQ(good.at("0.exp_avg").to_vector<float>(), before) << "nothing changed";
  EXPECT_EQ(optimizer.state_dict().at("0.step").item(), 1);
  optimizer.load_state_dict({});
  EXPECT_TRUE(optimizer.state_dict().empty()) << "an empty state is that of a fresh optimiser";
}

TEST(Clip, NormIsTheNormOfAll) {
  auto p = three_parameters();
  p[0].set_grad(full({1000}, 0.3)), p[2].set_grad(scalar(-4));
  double norm = std::sqrt(1000 * 0.09 + 16);
  EXPECT_NEAR(clip_grad_norm_(p, 100).item(), norm, 1e-4);
  EXPECT_FLOAT_EQ(static_cast<float>(p[2].grad().item()), -4) << "below the limit nothing changes";
  EXPECT_NEAR(clip_grad_norm_(p, 2).item(), norm, 1e-4);
  EXPECT_NEAR(p[2].grad().item(), -4 * 2 / norm, 1e-5);
  EXPECT_NEAR(p[0].grad().to_vector<float>()[7], 0.3 * 2 / norm, 1e-6);
  EXPECT_FALSE(p[1].grad().defined());
  EXPECT_NEAR(clip_grad_norm_(p, 5).item(), 2, 1e-4);
  EXPECT_EQ(clip_grad_norm_({p[1]}, 1).item(), 0);
  p[2].set_grad(scalar(NAN));
  EXPECT_TRUE(std::isnan(clip_grad_norm_(p, 5).item()));
  EXPECT_TRUE(std::isnan(p[0].grad().to_vector<float>()[0])) << "a NaN spreads, as PyTorch's does";
  expect_error([&] { clip_grad_norm_(p, 5, {.error_if_nonfinite = true}); }, "norm is nan");
  expect_error([&] { clip_grad_norm_(p, 0); }, "max_norm");
}

TEST(Clip, NormOfSeveralTypesIsATensor) {
  Tensor a = zeros({2}).requires_grad_(), b = zeros({}, {.dtype = f64}).requires_grad_();
  a.set_grad(tensor({3, 0})), b.set_grad(scalar(4, {.dtype = f64}));
  Tensor norm = clip_grad_norm_({a, b}, 1);
  EXPECT_EQ(norm.shape(), Shape{});
  EXPECT_EQ(norm.dtype(), f64);
  EXPECT_FALSE(norm.requires_grad());
  EXPECT_NEAR(norm.item(), 5, 1e-12);
  EXPECT_NEAR(a.grad().to_vector<float>()[0], 0.6, 1e-6);
  EXPECT_NEAR(b.grad().item(), 0.8, 1e-6);
}

TEST(Clip, ValueLimitsEachEntry) {
  auto p = three_parameters();
  p[1].set_grad(noise({7, 11}, 3) * 10.0);
  std::vector<float> before = p[1].grad().to_vector<float>();
  clip_grad_value_(p, 0.5);
  std::vector<float> after = p[1].grad().to_vector<float>();
  for (size_t i = 0; i < after.size(); ++i) EXPECT_EQ(after[i], std::clamp(before[i], -0.5f, 0.5f));
  expect_error([&] { clip_grad_value_(p, -1); }, "limit");
}

}  // namespace
}  // namespace gg::optim_test
