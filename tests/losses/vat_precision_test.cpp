// The direction of VAT in float32 against float64, for networks with first weights and for trained ones, which are
// certain of most samples: there H = Jᵀ(diag p − ppᵀ)J is made of differences that float32 could lose.
#include <gtest/gtest.h>

#include <cmath>

#include "autograd/autograd.h"
#include "losses/losses.h"
#include "nn/nn.h"
#include "ops/ops.h"
#include "optim/optim.h"

namespace gg::losses_test {
namespace {

using namespace gg::losses;

constexpr int64_t kInputs = 784, kClasses = 10, kSamples = 256;

struct Case {
  bool relu;
  int steps;           ///< of training
  double sharpness;    ///< factor of the logits afterwards: as certain as a network that learned for longer
  double doubt_below;  ///< half of the samples have a larger probability of one class than 1 − this
};

nn::Sequential network(bool relu) {
  const auto activation = [relu](const Tensor& t) { return relu ? gg::relu(t) : tanh(t); };
  return nn::Sequential{nn::Linear(kInputs, 256), activation, nn::Linear(256, kClasses)};
}

/// Images of ten blurred classes: a pattern each, and noise.
struct Images {
  Generator generator{3};
  Tensor y = randint(0, kClasses, {kSamples}, {}, generator);
  Tensor x = clamp(index_select(rand({kClasses, kInputs}, {}, generator), 0, y) * 0.5 +
                       rand({kSamples, kInputs}, {}, generator) * 0.5,
                   0, 1);
};

/// Hd by the Fisher form H = Σ p_c ∇log p_c ∇log p_cᵀ: gradients of each log p_c, nothing of what VAT computes.
Tensor hessian_times(const nn::Sequential& model, const Tensor& x, const Tensor& d) {
  const Tensor leaf = x.detach().requires_grad_(), log_p = log_softmax(model(leaf), 1);
  Tensor total = zeros_like(x);
  for (int64_t c = 0; c < kClasses; ++c) {
    const Tensor each = select(log_p, 1, c), g = grad(sum(each), leaf, {.retain_graph = true});
    total = total + g * sum(g * d, {1}, {.keepdim = true}) * exp(unsqueeze(each.detach(), 1));
  }
  return total;
}

Tensor unit_rows(const Tensor& t) { return t / norm(t, {1}, {.keepdim = true}); }

TEST(VatPrecision, Float32AgainstFloat64) {
  for (const Case& of : {Case{true, 0, 1, 1}, Case{false, 0, 1, 1}, Case{true, 60, 1, 1e-2}, Case{false, 60, 1, 1e-2},
                         Case{true, 60, 2, 1e-4}, Case{true, 60, 3, 1e-8}, Case{false, 60, 3, 1e-8}}) {
    SCOPED_TRACE(testing::Message() << (of.relu ? "ReLU" : "tanh") << ", " << of.steps << " steps, × " << of.sharpness);
    manual_seed(2);
    const Images images;
    const nn::Sequential model = network(of.relu), twin = network(of.relu);
    optim::Adam adam(model.parameters(), {.lr = 1e-3});
    for (int i = 0; i < of.steps; ++i) {
      adam.zero_grad();
      cross_entropy(model(images.x), images.y).backward();
      adam.step();
    }
    twin.to(f64);
    const std::vector<Tensor> single = model.parameters(), twice = twin.parameters();
    for (size_t i = 0; i < single.size(); ++i) {
      const NoGrad guard;
      Tensor p = single[i], q = twice[i];
      if (i >= 2) copy_(p, p * of.sharpness);
      copy_(q, to(p, f64));
    }
    const Tensor x = to(images.x, f64), log_p = log_softmax(twin(x), 1);
    const Tensor likeliest = eq(log_p, max(log_p, 1, {.keepdim = true}));
    const double doubt = median(sum(masked_fill(exp(log_p), likeliest, 0), 1), 0).item();
    EXPECT_LT(doubt, of.doubt_below);

    for (const int power_iterations : {1, 2}) {
      Generator generator(7), same(7);
      const VatResult v = virtual_adversarial(model, images.x, {.power_iterations = power_iterations}, generator);
      Tensor d = unit_rows(to(randn(images.x.shape(), {}, same), f64));
      for (int i = 0; i < power_iterations; ++i) d = unit_rows(hessian_times(twin, x, d));
      EXPECT_GE(min(sum(to(v.perturbation, f64) * d, {1})).item(), 0.9999) << power_iterations << " power iterations";
    }
  }
}

}  // namespace
}  // namespace gg::losses_test
