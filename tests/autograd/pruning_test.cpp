// Nothing is computed that nobody asked for: kernel calls are counted.
#include <gtest/gtest.h>

#include "autograd/autograd.h"
#include "ops/ops.h"
#include "tests/autograd/counting.h"

namespace gg {
namespace {

using testing_support::KernelCount;

Tensor random(const Shape& shape, uint64_t seed) {
  Generator g(seed);
  return randn(shape, {f64}, g);
}

TEST(Pruning, GradientsOfConstantsAreNotComputed) {
  Tensor x = random({4, 3}, 1), w = random({3, 2}, 2).requires_grad_();
  Tensor y = sum(matmul(x, w));
  KernelCount count;
  grad(y, w);
  EXPECT_EQ(count["matmul"], 1);  // dw only
}

TEST(Pruning, OnlyThePathToTheRequestedInputRuns) {
  Tensor x = random({4, 3}, 1).requires_grad_(), w = random({3, 3}, 2).requires_grad_(),
         v = random({3, 3}, 3).requires_grad_();
  Tensor h = matmul(x, w);
  Tensor y = sum(matmul(tanh(h), v));
  {
    KernelCount count;
    grad(y, v, {.retain_graph = true});
    EXPECT_EQ(count["matmul"], 1);
    EXPECT_EQ(count["tanh"], 0);
  }
  {
    KernelCount count;
    grad(y, h, {.retain_graph = true});
    EXPECT_EQ(count["matmul"], 1);
    EXPECT_EQ(count["tanh"], 1);
  }
  KernelCount count;
  grad(y, {x, w, v});
  EXPECT_EQ(count["matmul"], 4);
}

struct Penalty {
  int matmul, activation;
};

// Kernel calls of the gradient penalty of an MLP with `layers` weights, and of its gradient.
template <class Activation>
Penalty penalty_calls(int layers, const Activation& activation, const char* kernel) {
  Tensor x = random({5, 4}, 1).requires_grad_();
  std::vector<Tensor> w;
  for (int i = 0; i < layers; ++i) {
    w.push_back(random({i == 0 ? 4 : 6, i + 1 == layers ? 1 : 6}, static_cast<uint64_t>(i) + 2).requires_grad_());
  }
  KernelCount count;
  Tensor y = x;
  for (int i = 0; i < layers; ++i) y = matmul(i ? activation(y) : y, w[static_cast<size_t>(i)]);
  Tensor g = grad(sum(y), x, {.create_graph = true});
  Tensor penalty = sum(square(g));
  for (const Tensor& t : grad(penalty, std::span<const Tensor>(w))) EXPECT_TRUE(t.defined());
  return {count["matmul"], count[kernel]};
}

TEST(Pruning, GradientPenaltyOfALeakyReluNet) {
  // Forward one product a layer, the gradient with respect to x one, and through that two again: four. Only the last
  // layer's takes the constant seed, for which no gradient is computed. leaky_relu'' vanishes, so nothing flows back to
  // the forward products.
  for (int layers : {2, 3, 5}) {
    Penalty leaky = penalty_calls(
        layers, [](const Tensor& t) { return leaky_relu(t, 0.2); }, "leaky_relu");
    EXPECT_EQ(leaky.matmul, 4 * layers - 1);
    EXPECT_EQ(leaky.activation, 3 * (layers - 1));  // f, f' and f' again
    EXPECT_EQ(penalty_calls(
                  layers, [](const Tensor& t) { return relu(t); }, "relu")
                  .matmul,
              4 * layers - 1);
  }
}

TEST(Pruning, GradientPenaltyOfASmoothNet) {
  // Two products more for each layer, back through the forward pass: six. Its end does not depend on the last weight,
  // and nobody asks for the gradient of x itself: three less.
  for (int layers : {2, 3, 5}) {
    Penalty silus = penalty_calls(
        layers, [](const Tensor& t) { return silu(t); }, "silu");
    EXPECT_EQ(silus.matmul, 4 * layers - 1 + 2 * layers - 3);
    // f and f', then f' of the penalty's gradient, f'', and f' of what comes back but at the last activation.
    EXPECT_EQ(silus.activation, 4 * (layers - 1) + (layers - 2));
  }
}

TEST(Pruning, SecondDerivativesThatVanishAreZeroWithoutArithmetic) {
  Tensor x = random({8}, 1).requires_grad_();
  Tensor g = grad(sum(relu(x)), x, {.create_graph = true});
  KernelCount count;
  Tensor h = grad(sum(g), x);
  EXPECT_EQ(h.to_vector<double>(), std::vector<double>(8, 0));
  EXPECT_EQ(count["relu"], 0);
}

TEST(Pruning, SymbolicZeroCotangentsCostNoProducts) {
  Tensor x = random({8, 8}, 1).requires_grad_();
  Tensor y = matmul(matmul(x, x), x);
  KernelCount count;
  Tensor g = grad(y, x, {.grad_outputs = {symbolic_zeros(y.shape(), y.options())}, .retain_graph = true});
  EXPECT_EQ(count["matmul"], 0);
  EXPECT_EQ(g.to_vector<double>(), std::vector<double>(64, 0));
  g = grad(y, x, {.grad_outputs = {symbolic_zeros(y.shape(), y.options())}, .create_graph = true});
  EXPECT_TRUE(g.is_symbolic_zero());
}

}  // namespace
}  // namespace gg
