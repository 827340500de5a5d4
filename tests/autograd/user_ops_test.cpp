// Operations that a user defines with apply(): rules, missing rules, and rules that return the wrong thing.
#include <gtest/gtest.h>

#include "autograd/apply.h"
#include "autograd/autograd.h"
#include "autograd/functional/functional.h"
#include "ops/ops.h"

namespace gg {
namespace {

template <class Fn>
std::string message_of(const Fn& fn) {
  try {
    fn();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

void expect_says(const std::string& message, std::initializer_list<const char*> parts) {
  for (const char* part : parts) EXPECT_NE(message.find(part), std::string::npos) << message;
}

Tensor leaf(const Numbers& v) { return tensor(v, {f64}).requires_grad_(); }

// Its forward computes on plain numbers, so everything that is differentiated comes from the rules.
struct MyCube {
  static constexpr const char* name = "my_cube";
  static constexpr unsigned saves = kSaveInputs;
  Tensor forward(const Tensor& x) const {
    std::vector<double> v = x.to_vector<double>();
    for (double& e : v) e = e * e * e;
    return from_vector(v, x.shape());
  }
  Tensors vjp(const Vjp& c) const { return {c.grad() * (3.0 * square(c.input(0)))}; }
  Tensor jvp(const Jvp& c) const { return c.tangent(0) * (3.0 * square(c.input(0))); }
};

TEST(UserOps, OwnRulesAreDifferentiableAgain) {
  Tensor x = leaf({0.5, -2});
  GradcheckResult r = gradcheck([](const Tensor& t) { return apply(MyCube{}, t); }, x,
                                {.step = 1e-3, .atol = 1e-6, .rtol = 1e-6, .order = 3});
  EXPECT_TRUE(r.ok) << r.message;
  EXPECT_EQ(
      hvp([](const Tensor& t) { return sum(apply(MyCube{}, t)); }, x, ones({2}, {f64})).product.to_vector<double>(),
      (std::vector<double>{3, -12}));
}

struct NoRule {
  static constexpr const char* name = "no_rule";
  static constexpr unsigned saves = kSaveNothing;
  Tensor forward(const Tensor& a, const Tensor& b) const { return a + b; }
};

TEST(UserOps, AMissingRuleIsAnErrorWhenItIsNeeded) {
  Tensor a = tensor({1, 2}, {f64}), b = leaf({3, 4});
  EXPECT_EQ(apply(NoRule{}, a, b).to_vector<double>(), (std::vector<double>{4, 6}));
  expect_says(message_of([&] { sum(apply(NoRule{}, a, b)).backward(); }),
              {"no_rule is not differentiable with respect to input 1"});
  expect_says(message_of([&] { sum(apply(NoRule{}, b, a)).backward(); }), {"input 0"});
  expect_says(message_of([&] { jvp([&](const Tensor& t) { return apply(NoRule{}, a, t); }, b, a); }),
              {"no_rule has no forward rule"});
}

struct Wrong {
  static constexpr const char* name = "wrong";
  static constexpr unsigned saves = kSaveNothing;
  int how;
  Tensor forward(const Tensor& x) const { return x * 1.0; }
  Tensors vjp(const Vjp& c) const {
    if (how == 0) return {ones({5}, {f64})};
    if (how == 1) return {to(c.grad(), f32)};
    if (how == 2) return {c.grad(), c.grad()};
    if (how == 3) return {c.grad() * c.input(0)};
    if (how == 4) return {c.grad() * c.output()};
    return {c.grad()};
  }
  Tensor jvp(const Jvp& c) const { return how == 5 ? sum(c.tangent(0)) : c.tangent(0); }
};

TEST(UserOps, WrongRulesAreNamed) {
  Tensor x = leaf({1, 2});
  auto run = [&](int how) { return message_of([&] { sum(apply(Wrong{how}, x)).backward(); }); };
  expect_says(run(0), {"wrong: the gradient of input 0 has shape [5], the input [2]"});
  expect_says(run(1), {"wrong: the gradient of input 0 is float32, the input is float64"});
  expect_says(run(2), {"wrong: the rule returned 2 gradients for 1 inputs"});
  expect_says(run(3), {"wrong: its rule reads input 0, which `saves` does not name"});
  expect_says(run(4), {"wrong: its rule reads the output, which `saves` does not name"});
  expect_says(message_of([&] { jvp([](const Tensor& t) { return apply(Wrong{5}, t); }, x, x.detach()); }),
              {"wrong: the forward rule gave a tangent of shape []", "[2]"});
  EXPECT_EQ(run(6), "no error");
}

struct Spread {  // a rule may return the gradient of a broadcast operand unreduced
  static constexpr const char* name = "spread";
  static constexpr unsigned saves = kSaveNothing;
  Tensor forward(const Tensor& x) const { return expand(x, {3, 2}); }
  Tensors vjp(const Vjp& c) const { return {c.grad()}; }
};

TEST(UserOps, TheEngineReducesBroadcastGradients) {
  Tensor x = leaf({1, 2});
  sum(apply(Spread{}, x)).backward();
  EXPECT_EQ(x.grad().to_vector<double>(), (std::vector<double>{3, 3}));
}

struct Join {
  static constexpr const char* name = "join";
  static constexpr unsigned saves = kSaveNothing;
  Tensor forward(std::span<const Tensor> in) const {
    Tensor total = in[0];
    for (size_t i = 1; i < in.size(); ++i) total = total + in[i];
    return total;
  }
  Tensors vjp(const Vjp& c) const {
    Tensors g(3);
    for (int i = 0; i < 3; ++i) {
      if (c.needs(i)) g[static_cast<size_t>(i)] = c.grad() * static_cast<double>(i + 1);
    }
    return g;
  }
};

TEST(UserOps, ListsOfInputs) {
  Tensor a = leaf({1}), b = tensor({2}, {f64}), c = leaf({3});
  std::vector<Tensor> in{a, b, c};
  Tensor y = sum(apply_list(Join{}, in));
  EXPECT_EQ(y.item(), 6);
  std::vector<Tensor> g = grad(y, {a, c});
  EXPECT_EQ(g[0].item(), 1);
  EXPECT_EQ(g[1].item(), 3);
}

struct Step {
  static constexpr const char* name = "step";
  static constexpr unsigned saves = kSaveInputs;
  Tensor forward(const Tensor& x) const { return reference(x); }
  Tensor reference(const Tensor& x) const { return to(gt(x, zeros(x.shape(), {f64})), f64); }
};

TEST(UserOps, AReferenceThatCutsTheHistoryIsTold) {
  Tensor x = leaf({1, -2});
  Tensor y = sum(apply(Step{}, x));
  EXPECT_EQ(y.item(), 1);
  expect_says(message_of([&] { grad(y, x); }), {"step", "reference cuts the history"});
}

struct ReturnsItsInput {
  static constexpr const char* name = "returns_its_input";
  static constexpr unsigned saves = kSaveNothing;
  Tensor forward(const Tensor& x) const { return x; }
  Tensors vjp(const Vjp& c) const { return {c.grad() * 2.0}; }
};

TEST(UserOps, ForwardMayReturnItsInput) {
  Tensor x = leaf({1, 2});
  Tensor y = apply(ReturnsItsInput{}, x);
  EXPECT_TRUE(x.is_leaf());
  EXPECT_EQ(grad(sum(y), x).to_vector<double>(), (std::vector<double>{2, 2}));
}

}  // namespace
}  // namespace gg
