// VAT: directions against the divergence's Hessian in float64, what its passes share, and that it leaves no trace.
// float32 against float64: vat_precision_test.cpp.
#include "losses/vat.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "autograd/autograd.h"
#include "autograd/functional/gradcheck.h"
#include "losses/losses.h"
#include "nn/nn.h"
#include "ops/ops.h"
#include "tests/errors.h"
#include "tests/losses/smooth.h"

namespace gg::losses_test {
namespace {

using namespace gg::losses;

/// The Hessian [d, d] of KL(f(x) ‖ f(x+r)) in r at 0, of one sample [1, d], by second derivatives of the divergence.
Tensor hessian_of_divergence(const Function& model, const Tensor& x) {
  const Tensor target = model(x);
  Tensor r = zeros(x.shape(), x.options()).requires_grad_();
  const Tensor g = grad(sum(kl_from_logits(target, model(x + r))), r, {.create_graph = true});
  std::vector<Tensor> rows;
  for (int64_t i = 0; i < x.numel(); ++i) {
    rows.push_back(reshape(grad(slice(g, 1, i, i + 1), r, {.retain_graph = true}), {x.numel()}));
  }
  return stack(rows);
}

/// Of the rows; 0 where one of them is 0.
Tensor cosines(const Tensor& a, const Tensor& b) {
  return sum(a * b, 1) / clamp(norm(a, {1}) * norm(b, {1}), 1e-300, INFINITY);
}

VatResult perturbation(const Function& model, const Tensor& x, const VatOptions& options, uint64_t seed = 7) {
  Generator generator(seed);
  return virtual_adversarial(model, x, options, generator);
}

TEST(Vat, PowerIterationFindsTheTopEigenvector) {
  const Smooth model;
  for (const VatDirection how : {VatDirection::exact, VatDirection::finite_differences}) {
    const Tensor r = perturbation(model, model.x, {.epsilon = 1, .power_iterations = 200, .direction = how, .xi = 1e-5})
                         .perturbation;
    for (int64_t n = 0; n < 3; ++n) {
      const Eigh e = eigh(hessian_of_divergence(model, slice(model.x, 0, n, n + 1)));
      const Tensor top = reshape(slice(e.vectors, 1, 4, 5), {1, 5});
      EXPECT_NEAR(std::abs(cosines(slice(r, 0, n, n + 1), top).item()), 1, 1e-6) << n;
    }
  }
}

// One step is Hd of the same random d, and none is d.
TEST(Vat, OneStepIsTheHessianTimesTheRandomStart) {
  const Smooth model;
  const Tensor start = perturbation(model, model.x, {.power_iterations = 0}).perturbation;
  EXPECT_LT(max(abs(norm(start, {1}) - 1)).item(), 1e-14);
  const Tensor one = perturbation(model, model.x, {.epsilon = 2}).perturbation;
  EXPECT_LT(max(abs(norm(one, {1}) - 2)).item(), 1e-14);
  for (int64_t n = 0; n < 3; ++n) {
    const Tensor h = hessian_of_divergence(model, slice(model.x, 0, n, n + 1));
    EXPECT_NEAR(cosines(matmul(slice(start, 0, n, n + 1), h), slice(one, 0, n, n + 1)).item(), 1, 1e-12);
  }
  EXPECT_LT(std::abs(mean(cosines(start, one)).item()), 0.95);  // the two are not the same thing
}

TEST(Vat, LossIsTheDivergenceAtThePerturbation) {
  const Smooth model;
  const VatResult v = perturbation(model, model.x, {.epsilon = 0.3, .reduction = Reduction::none});
  const Tensor expected = kl_from_logits(model(model.x), model(model.x + v.perturbation));
  EXPECT_LT(max(abs(v.loss - expected)).item(), 1e-14);
  EXPECT_LT(max(abs(v.logits - model(model.x))).item(), 1e-14);
  Generator generator(7);
  EXPECT_NEAR(vat(model, model.x, {.epsilon = 0.3}, generator).item(), mean(expected).item(), 1e-14);
  const VatResult with_entropy = perturbation(model, model.x, {.epsilon = 0.3, .entropy = 0.5});
  EXPECT_NEAR(with_entropy.loss.item(), mean(expected + entropy_from_logits(model(model.x)) * 0.5).item(), 1e-14);
  // ½ rᵀHr at small r.
  const VatResult small = perturbation(model, model.x, {.epsilon = 1e-4, .reduction = Reduction::none});
  for (int64_t n = 0; n < 3; ++n) {
    const Tensor h = hessian_of_divergence(model, slice(model.x, 0, n, n + 1));
    const Tensor r = slice(small.perturbation, 0, n, n + 1);
    EXPECT_NEAR(slice(small.loss, 0, n, n + 1).item() / (0.5 * sum(matmul(r, h) * r).item()), 1, 1e-3);
  }
}

// The gradient by the weights with r and the target held constant; and through the clean prediction where asked.
TEST(Vat, GradientsByTheWeights) {
  const Smooth model;
  for (const bool through_clean : {false, true}) {
    Tensor w = clone(model.a).requires_grad_();
    const auto f = [&](const Tensor& at) { return matmul(tanh(matmul(at, w)), model.b); };
    const VatResult v = perturbation(f, model.x, {.epsilon = 0.7, .entropy = 0.3, .clean_gradient = through_clean});
    const Tensor g = grad(v.loss, w);
    const Tensor target = f(model.x).detach();
    const auto by_hand = [&](const Tensor& weights) {
      const auto h = [&](const Tensor& at) { return matmul(tanh(matmul(at, weights)), model.b); };
      const Tensor clean = h(model.x);
      return mean(kl_from_logits(through_clean ? clean : target, h(model.x + v.perturbation)) +
                  entropy_from_logits(clean) * 0.3);
    };
    Tensor again = clone(model.a).requires_grad_();
    EXPECT_LT(norm(g - grad(by_hand(again), again)).item(), 1e-13 * norm(g).item());
    EXPECT_TRUE(gradcheck(by_hand, again, {.forward = false}).ok);
  }
}

// The supervised loss on the shared forward pass gives what a pass of its own gives, also through embeddings.
TEST(Vat, LogitsCanBeShared) {
  const Smooth model;
  const Tensor y = tensor({0, 3, 1}, {i64});
  for (const VatDirection how : {VatDirection::exact, VatDirection::finite_differences}) {
    Tensor table = randn({9, 5}, kDouble).requires_grad_(), w = clone(model.a).requires_grad_();
    const auto f = [&](const Tensor& at) { return matmul(tanh(matmul(at, w)), model.b); };
    const Tensor words = embedding(table, tensor({2, 2, 5}, {i64}));
    const VatResult v = perturbation(f, words, {.epsilon = 0.3, .direction = how});
    const std::vector<Tensor> shared = grad(cross_entropy(v.logits, y), {w, table}, {.retain_graph = true});
    const std::vector<Tensor> own = grad(cross_entropy(f(words), y), {w, table}, {.retain_graph = true});
    for (size_t i = 0; i < 2; ++i) EXPECT_LT(norm(shared[i] - own[i]).item(), 1e-13);
    // The table learns from the divergence, too.
    EXPECT_GT(norm(grad(v.loss, table)).item(), 0);
  }
}

// Embedding tables are one thing for all samples: the perturbation's length is over the whole table.
TEST(Vat, OfATableThatAllSamplesShare) {
  const Smooth model;
  Tensor table = randn({9, 5}, kDouble).requires_grad_();
  const Tensor words = tensor({2, 2, 5}, {i64});
  const auto of_table = [&](const Tensor& t) { return model(embedding(t, words)); };
  for (const VatDirection how : {VatDirection::exact, VatDirection::finite_differences}) {
    const VatResult v =
        perturbation(of_table, table, {.epsilon = 0.5, .direction = how, .xi = 1e-4, .per_sample = false});
    EXPECT_NEAR(norm(v.perturbation).item(), 0.5, 1e-14);
    const std::vector<double> rows = norm(v.perturbation, {1}).to_vector<double>();
    EXPECT_GT(rows[2], 0);
    EXPECT_GT(rows[5], 0);
    EXPECT_EQ(rows[0], 0);  // words that do not occur have no direction
    EXPECT_GT(norm(grad(v.loss, table)).item(), 0);
  }
  expect_error([&] { perturbation(of_table, table, {}); }, "per_sample = false");
}

TEST(Vat, MaskKeepsPaddingWhereItIs) {
  const Smooth model;
  const Tensor mask = tensor({{1, 1, 0, 0, 1}}, kDouble);
  for (const int iterations : {0, 1, 2}) {
    const Tensor r = perturbation(model, model.x, {.power_iterations = iterations, .mask = mask}).perturbation;
    EXPECT_LT(max(abs(norm(r, {1}) - 1)).item(), 1e-14);
    EXPECT_EQ(max(abs(r * (1 - mask))).item(), 0);
  }
}

TEST(Vat, PassesShareMasksAndLeaveStatisticsAlone) {
  manual_seed(5);
  const nn::Sequential model{nn::Linear(4, 16), nn::BatchNorm1d(16), nn::ReLU(), nn::Dropout(0.5), nn::Linear(16, 3)};
  const Tensor x = randn({8, 4});
  const auto numbers = [&] {
    std::map<std::string, std::vector<float>> all;
    for (const auto& [name, t] : model.state_dict()) {
      if (t.dtype() == f32) all[name] = t.to_vector<float>();
    }
    return all;
  };
  const auto before = numbers();
  for (const VatDirection how : {VatDirection::exact, VatDirection::finite_differences}) {
    for (const int iterations : {0, 1, 3}) {
      // At ε = 0 clean and perturbed pass are one function only if their masks are equal.
      const VatResult v =
          virtual_adversarial(model, x, {.epsilon = 0, .power_iterations = iterations, .direction = how});
      EXPECT_NEAR(v.loss.item(), 0, 1e-7);
      EXPECT_GT(
          virtual_adversarial(model, x, {.epsilon = 1, .power_iterations = iterations, .direction = how}).loss.item(),
          1e-4);
    }
  }
  EXPECT_TRUE(numbers() == before);
  for (const Tensor& p : model.parameters()) EXPECT_FALSE(p.grad().defined());
  vat(model, x, {.update_statistics = true});
  EXPECT_FALSE(numbers() == before);
}

TEST(Vat, CertainPredictionsGiveNoNan) {
  const auto certain = [](const Tensor& t) { return t * 1e6; };
  const Tensor x = tensor({{1, 2, 3}, {0.1, 0.1, 0.1}});
  for (const VatDirection how : {VatDirection::exact, VatDirection::finite_differences}) {
    const VatResult v = perturbation(certain, x, {.direction = how, .xi = 1e-3, .reduction = Reduction::none});
    const std::vector<float> r = v.perturbation.to_vector<float>(), loss = v.loss.to_vector<float>();
    for (const float f : r) EXPECT_TRUE(std::isfinite(f));
    for (const float f : loss) EXPECT_TRUE(std::isfinite(f));
    EXPECT_EQ(loss[0], 0);
  }
}

TEST(Vat, WorksWithoutRecording) {
  const Smooth model;
  const NoGrad off;
  const VatResult v = perturbation(model, model.x, {.epsilon = 0.3});
  EXPECT_FALSE(v.loss.requires_grad());
  EXPECT_GT(v.loss.item(), 0);
  EXPECT_GT(perturbation(model, model.x, {.direction = VatDirection::finite_differences}).loss.item(), 0);
}

TEST(Vat, RefusesWhatMakesNoSense) {
  const Smooth model;
  const Tensor x = model.x;
  expect_error([&] { vat(model, x, {.epsilon = -1}); }, "epsilon");
  expect_error([&] { vat(model, x, {.power_iterations = -1}); }, "power iterations");
  expect_error([&] { vat(model, x, {.xi = 0}); }, "xi");
  expect_error([&] { vat(model, x, {.entropy = NAN}); }, "entropy");
  expect_error([&] { vat([](const Tensor& t) { return sum(t, 1); }, x); }, "logits [N, classes]");
  expect_error([&] { vat([&](const Tensor&) { return model(x).detach(); }, x); }, "do not depend on x");
  expect_error([&] { vat(model, zeros({2}, {i64})); }, "floating batch");
}

}  // namespace
}  // namespace gg::losses_test
