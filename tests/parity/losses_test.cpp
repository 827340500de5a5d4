// Losses, with their gradients, and metrics of tensors on a device against the CPU. A loss without a row fails the last
// test.
#include <filesystem>
#include <fstream>
#include <functional>
#include <regex>
#include <set>

#include "autograd/autograd.h"
#include "losses/losses.h"
#include "losses/samples.h"
#include "metrics/metrics.h"
#include "tests/parity/parity.h"

namespace gg::parity {
namespace {

struct Row {
  std::string loss;
  std::function<Tensor(const std::vector<Tensor>&)> call;
  std::vector<Shape> inputs;
  bool classes = false;  ///< the second input are classes from 0 to 4
};

/// A classifier tanh(x·w) of the inputs' own weights.
Function model(const Tensor& w) {
  return [w](const Tensor& x) { return tanh(matmul(x, w)); };
}

/// The loss of each sample under it.
Function loss_of(const Tensor& w) {
  return [w](const Tensor& x) { return sum(square(tanh(matmul(x, w))), 1); };
}

/// The same draws on every device and in every call.
Generator& same() {
  static thread_local Generator generator;
  generator = Generator(11);
  return generator;
}

const std::vector<Row>& rows() {
  using namespace losses;
  using In = const std::vector<Tensor>&;
  static const std::vector<Row> all = {
      {"reduce", [](In t) { return reduce(t[0], Reduction::mean); }, {{5, 7}}},
      {"reduce", [](In t) { return reduce(t[0], Reduction::sum); }, {{5, 7}}},
      {"sum_per_sample", [](In t) { return sum_per_sample(t[0]); }, {{5, 7, 3}}},
      {"mean_over_batch", [](In t) { return mean_over_batch(t[0]); }, {{5, 7, 3}}},
      {"mse", [](In t) { return mse(t[0], t[1]); }, {{5, 7}, {5, 7}}},
      {"l1", [](In t) { return l1(t[0], t[1], {.reduction = Reduction::none}); }, {{5, 7}, {5, 7}}},
      {"gaussian_nll", [](In t) { return gaussian_nll(t[0], t[1], 0.3); }, {{5, 7}, {5, 7}}},
      {"bce_with_logits",
       [](In t) { return bce_with_logits(t[0], sigmoid(t[1]), {.pos_weight = 3}); },
       {{5, 7}, {5, 7}}},
      {"cross_entropy", [](In t) { return cross_entropy(t[0], t[1]); }, {{13, 5}, {13}}, true},
      {"cross_entropy",
       [](In t) { return cross_entropy(t[0], t[1], {.label_smoothing = 0.1, .ignore_index = 2}); },
       {{13, 5}, {13}},
       true},
      {"kl_normal_standard_elements", [](In t) { return kl_normal_standard_elements(t[0], t[1]); }, {{5, 3}, {5, 3}}},
      {"kl_normal_standard", [](In t) { return kl_normal_standard(t[0], t[1]); }, {{5, 3}, {5, 3}}},
      {"kl_normal_standard_per_dimension",
       [](In t) { return kl_normal_standard_per_dimension(t[0], t[1]); },
       {{5, 3}, {5, 3}}},
      {"kl_normal", [](In t) { return kl_normal(t[0], t[1], t[2], t[3]); }, {{5, 3}, {5, 3}, {5, 3}, {5, 3}}},
      {"reparameterize", [](In t) { return reparameterize(t[0], t[1], t[2]); }, {{5, 3}, {5, 3}, {5, 3}}},
      {"kl_from_logits", [](In t) { return kl_from_logits(t[0], t[1]); }, {{5, 3}, {5, 3}}},
      {"entropy_from_logits", [](In t) { return entropy_from_logits(t[0]); }, {{5, 3}}},
      {"additive_noise", [](In t) { return additive_noise(t[0], {.std = 0.3}, same()); }, {{5, 7}}},
      {"additive_noise",
       [](In t) { return additive_noise(t[0], {.std = 0.3, .kind = NoiseKind::uniform}, same()); },
       {{5, 7}}},
      {"multiplicative_noise",
       [](In t) { return multiplicative_noise(t[0], {.std = 1, .kind = NoiseKind::bernoulli}, same()); },
       {{5, 7}}},
      {"noisy_labels",
       [](In t) { return cross_entropy(t[0], noisy_labels(t[1], 5, 0.4, same())); },
       {{13, 5}, {13}},
       true},
      {"noisy_loss",
       [](In t) { return noisy_loss(loss_of(t[1]), t[0], {.noise = {.std = 0.3}, .samples = 3}, same()); },
       {{5, 7}, {7, 4}}},
      {"shift_and_zoom", [](In t) { return shift_and_zoom(t[0], {}, same()); }, {{2, 3, 6, 5}}},
      {"squared_gradient_norm",
       [](In t) { return squared_gradient_norm(loss_of(t[1])(t[0]), t[0]); },
       {{5, 7}, {7, 4}}},
      {"gradient_norm", [](In t) { return gradient_norm(loss_of(t[1])(t[0]), t[0]); }, {{5, 7}, {7, 4}}},
      {"input_gradient_penalty", [](In t) { return input_gradient_penalty(loss_of(t[1]), t[0]); }, {{5, 7}, {7, 4}}},
      {"output_gradient_penalty",
       [](In t) { return output_gradient_penalty(model(t[1]), t[0], {.form = Form::kl}); },
       {{5, 7}, {7, 4}}},
      {"output_gradient_penalty",
       [](In t) { return output_gradient_penalty(model(t[1]), t[0], {.probes = 2}, same()); },
       {{5, 7}, {7, 4}}},
      {"expanded_noisy_loss",
       [](In t) {
         const auto cubic = [&](const Tensor& x) { return sum(x * x * x, 1) * sum(t[0]); };
         return expanded_noisy_loss(cubic, t[0], {.sigma = 0.5, .lowest = -INFINITY});
       },
       {{5, 7}}},
      {"wgan_gp_penalty",
       [](In t) { return wgan_gp_penalty(loss_of(t[1]), t[0].detach(), t[0].detach() * 2, {}, same()); },
       {{5, 7}, {7, 4}}},
      {"r1_penalty", [](In t) { return r1_penalty(loss_of(t[1]), t[0]); }, {{5, 7}, {7, 4}}},
      {"unit_samples", [](In t) { return t[0] * losses::detail::unit_samples(t[0]); }, {{5, 7, 2}}},
      {"fgm", [](In t) { return t[0] * fgm(loss_of(t[1]), t[0]); }, {{5, 7}, {7, 4}}},
      {"pgd",
       [](In t) { return t[0] * pgd(loss_of(t[1]), t[0], {.ball = Ball::linf, .steps = 2}, same()); },
       {{5, 7}, {7, 4}}},
      {"pgd", [](In t) { return t[0] * pgd(loss_of(t[1]), t[0], {.steps = 2}, same()); }, {{5, 7}, {7, 4}}},
      {"adversarial_loss", [](In t) { return adversarial_loss(loss_of(t[1]), t[0]); }, {{5, 7}, {7, 4}}},
      {"vat",
       [](In t) { return vat(model(t[1]), t[0], {.power_iterations = 2, .entropy = 0.1}, same()); },
       {{5, 7}, {7, 4}}},
      {"vat",
       [](In t) {
         return vat(model(t[1]), t[0], {.direction = VatDirection::finite_differences, .clean_gradient = true}, same());
       },
       {{5, 7}, {7, 4}}},
  };
  return all;
}

/// The inputs of a row, the same numbers on every device.
std::vector<Tensor> inputs_of(const Row& row, Device device, DType dtype) {
  Generator generator(4);
  std::vector<Tensor> in;
  for (size_t i = 0; i < row.inputs.size(); ++i) {
    const bool classes = row.classes && i == 1;
    const Tensor x = classes ? randint(0, 5, row.inputs[i], {}, generator) : randn(row.inputs[i], {dtype}, generator);
    in.push_back(to(x, device));
    if (!classes) in.back() = clone(in.back()).requires_grad_();
  }
  return in;
}

TensorMap results(const Row& row, Device device, DType dtype) {
  const std::vector<Tensor> in = inputs_of(row, device, dtype);
  const Tensor loss = row.call(in);
  EXPECT_EQ(loss.device(), device);
  TensorMap out{{"loss", loss}};
  std::vector<Tensor> wanted;
  for (const Tensor& x : in) {
    if (x.requires_grad()) wanted.push_back(x);
  }
  const std::vector<Tensor> first = grad(sum(square(loss)), wanted, {.create_graph = true});
  Tensor total = zeros({}, {dtype, device});
  for (size_t i = 0; i < first.size(); ++i) {
    out[str("gradient ", i)] = first[i];
    total = total + sum(square(first[i]));
  }
  const std::vector<Tensor> second = grad(total, wanted, {.allow_unused = true});
  for (size_t i = 0; i < second.size(); ++i) out[str("second derivative ", i)] = second[i];
  return out;
}

class Losses : public OnDevice {};

TEST_P(Losses, ValueAndDerivatives) {
  for (const Row& row : rows()) {
    for (const DType dtype : {f32, f64}) {
      SCOPED_TRACE(str(row.loss, ", ", dtype));
      const TensorMap here = results(row, Device(), dtype), there = results(row, device(), dtype);
      EXPECT_EQ(difference("", there, here, dtype == f64 ? 1e-13 : 1e-5), "");
    }
  }
}

TEST_P(Losses, AnotherOptionIsFound) {
  const Row row{"",
                [n = 0](const auto& t) mutable { return losses::gaussian_nll(t[0], t[1], n++ ? 0.3 : 0.30001); },
                {{5, 7}, {5, 7}}};
  const TensorMap here = results(row, Device(), f32), there = results(row, device(), f32);
  EXPECT_NE(difference("", there, here, 1e-5), "");
}

// They read their numbers themselves, from wherever these are.
TEST_P(Losses, MetricsTakeTensorsOfAnyDevice) {
  const Tensor a = rand({11, 2, 5, 3}), b = rand({11, 2, 5, 3}), logits = randn({11, 5}), classes = randint(0, 5, {11});
  const auto there = [](const Tensor& t) { return to(t, device()); };
  EXPECT_EQ(metrics::accuracy(there(logits), there(classes)), metrics::accuracy(logits, classes));
  EXPECT_NEAR(metrics::classifier_score(there(logits)).inception_score,
              metrics::classifier_score(logits).inception_score, 1e-6);
  const std::vector<double> sse = metrics::sse_per_image(there(a), there(b)), expected = metrics::sse_per_image(a, b);
  ASSERT_EQ(sse.size(), expected.size());
  for (size_t i = 0; i < sse.size(); ++i) EXPECT_NEAR(sse[i], expected[i], 1e-5);
  EXPECT_NEAR(metrics::psnr(there(a), there(b)), metrics::psnr(a, b), 1e-5);
  EXPECT_EQ(metrics::active_units(there(logits)).count, metrics::active_units(logits).count);
  const metrics::Pca here(flatten(a, 1)), of_there(there(flatten(a, 1)));
  EXPECT_EQ(difference("of four components", of_there.reconstruct(there(flatten(b, 1)), 4),
                       here.reconstruct(flatten(b, 1), 4), 1e-5),
            "");
}

GG_ON_DEVICES(Losses);

TEST(EmulatedLosses, EveryLossHasARow) {
  std::set<std::string> known, found;
  for (const Row& row : rows()) known.insert(row.loss);
  for (const auto& entry : std::filesystem::directory_iterator(std::string(GG_SOURCE_DIR) + "/losses")) {
    if (entry.path().extension() != ".h") continue;
    std::ifstream file(entry.path());
    std::smatch match;
    for (std::string line; std::getline(file, line);) {
      if (std::regex_search(line, match, std::regex("^Tensor (\\w+)\\("))) found.insert(match[1]);
    }
  }
  EXPECT_GE(found.size(), 12u);
  for (const std::string& loss : found) EXPECT_TRUE(known.contains(loss)) << "losses::" << loss << " has no row here";
}

}  // namespace
}  // namespace gg::parity
