// Reverse mode from the outside: what grad() and backward() promise, and how they complain.
#include <gtest/gtest.h>

#include "autograd/autograd.h"
#include "ops/ops.h"

namespace gg {
namespace {

using Doubles = std::vector<double>;

Doubles values(const Tensor& t) { return t.to_vector<double>(); }

Tensor leaf(const Numbers& v) { return tensor(v, {f64}).requires_grad_(); }

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

TEST(Reverse, BackwardThroughAFreedGraphSaysSo) {
  Tensor x = leaf({1, 2});
  Tensor y = sum(exp(x) * x);
  y.backward();
  expect_says(message_of([&] { y.backward(); }), {"freed by an earlier backward()", "retain_graph"});
  expect_says(message_of([&] { grad(y, x); }), {"freed"});
}

TEST(Reverse, RetainGraphWalksTwice) {
  Tensor x = leaf({1, 2});
  Tensor y = sum(x * x * x);
  EXPECT_EQ(values(grad(y, x, {.retain_graph = true})), (Doubles{3, 12}));
  y.backward(true);
  y.backward(true);
  EXPECT_EQ(values(x.grad()), (Doubles{6, 24}));
  y.backward();
  EXPECT_THROW(y.backward(), Error);
}

TEST(Reverse, ChangedValuesAreRefused) {
  Tensor x = leaf({1, 2});
  Tensor w = tensor({3, 4}, {f64});
  Tensor y = sum(x * w);
  w.mutable_data<double>()[0] = 7;
  expect_says(message_of([&] { y.backward(); }), {"mul", "changed in place", "version 1", "version 0"});

  Tensor kept = exp(x);  // exp reads its output
  Tensor z = sum(kept);
  {
    NoGrad off;
    kept.mutable_data<double>()[1] = 0;
  }
  expect_says(message_of([&] { z.backward(); }), {"exp", "changed in place"});
  Tensor added = sum(x + w);  // needs no values
  w.mutable_data<double>()[0] = 8;
  EXPECT_EQ(values(grad(added, x)), (Doubles{1, 1}));
}

TEST(Reverse, WritingToWhatIsNoInputIsNoticed) {
  Tensor x = leaf({1, 2, 3}), rows = reshape(x, {3, 1});
  Tensor index = tensor({0, 2}, {i64}), condition = tensor({1, 0, 1}, {boolean}), target = tensor({0, 0, 0}, {i64});
  std::vector<Tensor> results = {index_select(x, 0, index), gather(x, 0, index), where(condition, x, -x),
                                 softmax_cross_entropy(rows, target)};
  index.mutable_data<int64_t>()[0] = 1;
  condition.mutable_data<bool>()[0] = false;
  target.mutable_data<int64_t>()[0] = 0;
  for (const Tensor& y : results) {
    expect_says(message_of([&] { grad(sum(y), x); }), {"changed in place"});
  }
  // What batch_norm hands out is the caller's to write.
  BatchStatistics statistics;
  Tensor y = batch_norm(expand(rows, {3, 2}), {}, {}, 1e-5, &statistics);
  Tensor before = grad(sum(square(y) * y), x, {.retain_graph = true});
  statistics.mean.mutable_data<double>()[0] = 100;
  EXPECT_EQ(values(grad(sum(square(y) * y), x)), values(before));
}

TEST(Reverse, WritingToARecordedTensorNeedsNoGrad) {
  Tensor x = leaf({1, 2});
  expect_says(message_of([&] { x.mutable_data<double>(); }), {"in-place", "NoGrad"});
  NoGrad off;
  x.mutable_data<double>()[0] = 5;
  EXPECT_EQ(values(x), (Doubles{5, 2}));
}

TEST(Reverse, UnusedInputs) {
  Tensor x = leaf({1, 2}), unused = leaf({3});
  Tensor y = sum(square(x));
  std::vector<Tensor> g = grad(y, {x, unused}, {.retain_graph = true});
  EXPECT_EQ(values(g[1]), Doubles{0});
  g[1].mutable_data<double>()[0] = 7;  // a tensor like any other
  EXPECT_EQ(to(grad(y, {x, unused}, {.create_graph = true})[1], f32).dtype(), f32);
  g = grad(y, {x, unused}, {.allow_unused = true});
  EXPECT_EQ(values(g[0]), (Doubles{2, 4}));
  EXPECT_FALSE(g[1].defined());
}

TEST(Reverse, HigherOrders) {
  Tensor x = leaf({0.5, -2});
  Tensor y = sum(x * x * x * x);
  Tensor g = grad(y, x, {.create_graph = true});
  Tensor h = grad(sum(g), x, {.create_graph = true});
  Tensor t = grad(sum(h), x, {.create_graph = true});
  Tensor f = grad(sum(t), x);
  EXPECT_EQ(values(g.detach()), (Doubles{0.5, -32}));
  EXPECT_EQ(values(h.detach()), (Doubles{3, 48}));
  EXPECT_EQ(values(t.detach()), (Doubles{12, -48}));
  EXPECT_EQ(values(f), (Doubles{24, 24}));
  EXPECT_FALSE(f.requires_grad());
}

TEST(Reverse, OrdersBeyondTheEighthSayNo) {
  Tensor x = leaf({0.5});
  Tensor y = log(x);
  for (int i = 0; i < 8; ++i) y = grad(y, x, {.create_graph = true});
  EXPECT_NEAR(y.item(), -5040 * 256, 1e-6);  // −7!/x⁸
  expect_says(message_of([&] { grad(y, x); }), {"log", "order 8"});
}

TEST(Reverse, GradientOfIntermediateResults) {
  Tensor x = leaf({1, 2});
  Tensor h = x * 3.0;
  Tensor y = sum(h * h);
  EXPECT_EQ(values(grad(y, h, {.retain_graph = true})), (Doubles{6, 12}));
  std::vector<Tensor> both = grad(y, {h, x});
  EXPECT_EQ(values(both[0]), (Doubles{6, 12}));
  EXPECT_EQ(values(both[1]), (Doubles{18, 36}));
  expect_says(message_of([&] { h.grad(); }), {"only leaves", "gg::grad"});
}

// A convolution or a norm reads a tensor and its gradient together: they should lie in one order.
TEST(Reverse, AGradientLiesAsItsTensorDoes) {
  const Tensor rows = to(randn({2, 4, 5, 3}), f64), g = to(randn({2, 3, 4, 5}), f64);
  using Op = Tensor (*)(const Tensor&);
  for (Op op : {Op(+[](const Tensor& x) { return tanh(x); }), Op(+[](const Tensor& x) { return silu(x); }),
                Op(+[](const Tensor& x) { return leaky_relu(x, 0.1); }),
                Op(+[](const Tensor& x) { return hypot(x, full(x.shape(), 2, x.options())); }),
                Op(+[](const Tensor& x) { return hypot(full(x.shape(), 2, x.options()), x); })}) {
    const Tensor last = permute(rows, {0, 3, 1, 2}).detach().requires_grad_();
    const Tensor first = contiguous(last).detach().requires_grad_();
    ASSERT_FALSE(last.is_contiguous());
    const Tensor of_last = grad(op(last), last, {.grad_outputs = {g}});
    EXPECT_TRUE(of_last.layout().same_order(last.layout()));
    EXPECT_EQ(values(of_last), values(grad(op(first), first, {.grad_outputs = {g}})));
  }
}

TEST(Reverse, SeveralOutputs) {
  Tensor x = leaf({1, 2});
  std::vector<Tensor> outputs{x * x, x * 3.0, tensor({1}, {f64})};
  std::vector<Tensor> seeds{tensor({1, 10}, {f64}), tensor({1, 1}, {f64}), tensor({1}, {f64})};
  std::vector<Tensor> g = grad(std::span<const Tensor>(outputs), std::vector<Tensor>{x}, {.grad_outputs = seeds});
  EXPECT_EQ(values(g[0]), (Doubles{2 + 3, 40 + 3}));
}

TEST(Reverse, WrongCallsExplainThemselves) {
  Tensor x = leaf({1, 2}), c = tensor({1, 2}, {f64});
  expect_says(message_of([&] { grad(x * x, x); }), {"grad", "output 0 has shape [2]", "grad_outputs"});
  expect_says(message_of([&] { (x * x).backward(); }), {"backward", "scalar", "[2]"});
  expect_says(message_of([&] { sum(c).backward(); }), {"backward", "no history"});
  expect_says(message_of([&] { grad(sum(x), c); }), {"grad", "does not require grad"});
  expect_says(message_of([&] { grad(sum(c), x); }), {"grad", "no"});
  expect_says(message_of([&] { grad(sum(x), std::initializer_list<Tensor>{}); }), {"no inputs"});
  expect_says(message_of([&] { grad(x * x, x, {.grad_outputs = {tensor({1, 2, 3}, {f64})}}); }), {"[3]", "[2]"});
  expect_says(message_of([&] { grad(x * x, x, {.grad_outputs = {tensor({1, 2})}}); }), {"float32", "float64"});
  expect_says(message_of([&] { grad(x * x, x, {.grad_outputs = {c, c}}); }), {"1 outputs but 2 grad_outputs"});
  Tensor whole = zeros({2}, {i64});
  expect_says(message_of([&] { whole.requires_grad_(); }), {"only floating", "int64"});
  Tensor y = x * x;
  expect_says(message_of([&] { y.requires_grad_(false); }), {"result of mul", "detach"});
}

TEST(Reverse, AccumulatesIntoLeaves) {
  Tensor x = leaf({1, 2});
  sum(x * x).backward();
  sum(x * 5.0).backward();
  EXPECT_EQ(values(x.grad()), (Doubles{7, 9}));
  EXPECT_FALSE(x.grad().requires_grad());
  x.set_grad({});
  EXPECT_FALSE(x.grad().defined());
}

TEST(Reverse, GradientsAreIndependentOfEverythingElse) {
  // The gradient of a sum is one tensor seen twice, and the seed is the caller's: writing to .grad must change neither.
  Tensor a = leaf({1, 2}), b = leaf({3, 4});
  sum(a + b).backward();
  Tensor seen = a.grad();
  seen.mutable_data<double>()[0] = 100;
  EXPECT_EQ(values(b.grad()), (Doubles{1, 1}));
  Tensor seed = tensor({5, 6}, {f64});
  std::vector<Tensor> g = grad(a + b, {a, b}, {.grad_outputs = {seed}});
  EXPECT_EQ(values(g[0]), (Doubles{5, 6}));
  EXPECT_EQ(values(g[1]), (Doubles{5, 6}));
}

TEST(Reverse, ModesOff) {
  Tensor x = leaf({1, 2});
  {
    NoGrad off;
    EXPECT_FALSE((x * x).requires_grad());
    GradModeGuard on(true);
    EXPECT_TRUE((x * x).requires_grad());
  }
  EXPECT_TRUE((x * x).requires_grad());
  Tensor d = x.detach();
  EXPECT_FALSE(d.requires_grad());
  EXPECT_EQ(values(grad(sum(x * d), x)), (Doubles{1, 2}));
  EXPECT_EQ(values(grad(sum(x * x.detach() * x), x)), (Doubles{2, 8}));
}

TEST(Reverse, ExceptionsLeaveTheModeAsItWas) {
  Tensor x = leaf({1, 2});
  Tensor y = sum(x * x);
  y.backward();
  EXPECT_THROW(grad(y, x, {.create_graph = true}), Error);
  EXPECT_TRUE(GradMode::enabled());
  EXPECT_EQ(values(grad(sum(x * x), x)), (Doubles{2, 4}));
}

TEST(Reverse, ASymbolicZeroThatRequiresGradHasItsDerivatives) {
  Tensor x = leaf({1, 2}), unused = leaf({3, 4});
  Tensor zero = grad(sum(x), unused, {.create_graph = true});
  ASSERT_TRUE(zero.is_symbolic_zero());
  zero.requires_grad_();
  EXPECT_EQ(values(grad(sum(zero * x + (zero - x)), zero)), (Doubles{2, 3}));
  EXPECT_EQ(values(grad(sum(reshape(zero, {2, 1}) + x), zero)), (Doubles{2, 2}));
}

}  // namespace
}  // namespace gg
