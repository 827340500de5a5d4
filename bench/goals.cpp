#include "bench/goals.h"

#include <map>

namespace gg::bench {
namespace {

// FLOPs are those of the matrix products and convolutions, counted by hand: forward, and in the backward pass each once
// more for the weights and, but for the first layer, for the inputs; padding counts. Bytes are those of the optimiser.
// AdamW reads parameter, gradient and two moments and writes all but the gradient, SGD the parameter.
constexpr double kAdamWBytes = 28, kSgdBytes = 12;

// Of a step on `batch` samples through layers of `all` multiply-adds, `first` of them in the first.
constexpr double step_flops(double batch, double all, double first) { return 2 * batch * (3 * all - first); }

constexpr double kBatch = 128;
constexpr double kMlp = 784 * 512 + 512 * 512 + 512 * 10, kMlpFirst = 784 * 512;
constexpr double kTiny = 2 * 16 + 16 * 16 + 16, kTinyFirst = 2 * 16;
constexpr double kVae = 784 * 400 + 2 * 400 * 20 + 20 * 400 + 400 * 784, kVaeFirst = 784 * 400;
// Multiply-adds of one image: output pixels (input pixels, transposed) · channels in and out · taps.
constexpr double kConvFirst = 14 * 14 * 32 * 9;
constexpr double kConv = kConvFirst + 7 * 7 * 32 * 64 * 9 + 7 * 7 * 64 * 32 * 16 + 14 * 14 * 32 * 16;
constexpr double kImages = 64;
constexpr double kCriticFirst = 14 * 14 * 64 * 16, kCritic = kCriticFirst + 7 * 7 * 64 * 128 * 16 + 6272;
constexpr double kGeneratorFirst = 64 * 6272;
constexpr double kGenerator = kGeneratorFirst + 7 * 7 * 128 * 64 * 16 + 14 * 14 * 64 * 16;
// Made and real images through the critic; the generator only forward.
constexpr double kCriticStep = step_flops(2 * kImages, kCritic, kCriticFirst) + 2 * kImages * kGenerator;
// With piecewise linear activations the penalty is four more passes: forward, to the images, and the two gradients of
// the latter.
constexpr double kPenalty = 2 * kImages * 4 * kCritic;
// The critic passes gradients on to the images.
constexpr double kGeneratorStep = step_flops(kImages, kGenerator, kGeneratorFirst) + 2 * kImages * 2 * kCritic;
// A forward and a backward pass for the direction, and another step from there.
constexpr double kVatStep = 2 * step_flops(kBatch, kMlp, kMlpFirst) + 2 * kBatch * 2 * kMlp;
constexpr double arcface(double classes) { return 2 * kBatch * 3 * 512 * classes; }
// By a forward Laplacian: behind the first layer, as many directions as it has outputs through two more. (The Cholesky
// factor of the first weight's square is once for all samples, and not counted.)
constexpr double kLaplacian = 2 * 128 * (128 * 128 + 128 * 10);

const std::map<std::string, RowFacts>& table() {
  static const Goals recorded{.value = 150, .of_tuned = 0.12}, backward{.value = 400, .of_tuned = 0.12},
      second{.value = 1000, .of_tuned = 0.12};
  static const std::map<std::string, RowFacts> rows = {
      {"mul: no grad", {.unit = Unit::ns}},
      {"mul: recorded", {.unit = Unit::ns, .goals = recorded}},
      {"mul: + backward", {.unit = Unit::ns, .goals = backward}},
      {"mul: + second backward", {.unit = Unit::ns, .goals = second}},
      {"tanh: no grad", {.unit = Unit::ns}},
      {"tanh: recorded", {.unit = Unit::ns, .goals = recorded}},
      {"tanh: + backward", {.unit = Unit::ns, .goals = backward}},
      {"tanh: + second backward", {.unit = Unit::ns, .goals = second}},
      {"MLP step",
       {.work = {kAdamWBytes * kMlp, step_flops(kBatch, kMlp, kMlpFirst)},
        .goals = {.of_tuned = 0.7, .of_limit = 0.8}}},
      {"MLP, gradients only", {.work = {0, step_flops(kBatch, kMlp, kMlpFirst)}}},
      {"tiny MLP step", {.work = {kAdamWBytes * kTiny, step_flops(16, kTiny, kTinyFirst)}}},
      {"VAE step",
       {.work = {kAdamWBytes * kVae, step_flops(kBatch, kVae, kVaeFirst)},
        .goals = {.of_tuned = 0.7, .of_limit = 0.8}}},
      {"conv autoencoder step",
       {.work = {0, step_flops(kBatch, kConv, kConvFirst)}, .goals = {.of_tuned = 0.55, .of_limit = 0.7}}},
      {"critic step", {.work = {0, kCriticStep}}},
      {"WGAN-GP critic step", {.work = {0, kCriticStep + kPenalty}, .goals = {.of_tuned = 0.75, .of_limit = 0.75}}},
      {"generator step", {.work = {0, kGeneratorStep}, .goals = {.of_tuned = 0.55, .of_limit = 0.7}}},
      {"VAT step, finite differences", {.work = {kAdamWBytes * kMlp, kVatStep}, .goals = {.of_tuned = 0.75}}},
      {"VAT step, exact", {.work = {kAdamWBytes * kMlp, kVatStep}, .goals = {.of_tuned = 0.65}}},
      {"ArcFace step, 10k classes", {.work = {kSgdBytes * 512 * 1e4, arcface(1e4)}}},
      {"ArcFace step, 100k classes",
       {.work = {kSgdBytes * 512 * 1e5, arcface(1e5)},
        .goals = {.of_tuned = 0.55, .of_limit = 0.6, .peak_of_tuned = 0.35}}},
      {"AdamW 50M, 1 tensor", {.work = {kAdamWBytes * 50e6}, .goals = {.of_tuned = 0.5, .of_limit = 0.8}}},
      {"AdamW 50M, 50 tensors", {.work = {kAdamWBytes * 50e6}, .goals = {.of_tuned = 0.5, .of_limit = 0.8}}},
      {"exact Laplacian, 1 sample", {.work = {0, kLaplacian}}},
      {"exact Laplacian, 32 samples", {.work = {0, 32 * kLaplacian}, .goals = {.of_tuned = 0.05}}},
      {"WGAN-GP / critic step, LeakyReLU", {.unit = Unit::ratio, .goals = {.value = 1.9}}},
      {"WGAN-GP / critic step, SiLU", {.unit = Unit::ratio, .goals = {.value = 2.3}}},
      {"WGAN-GP step, LayerNorm / none", {.unit = Unit::ratio, .goals = {.value = 1.3}}},
      {"WGAN-GP / critic step, peak memory", {.unit = Unit::ratio, .goals = {.value = 2.5}}},
      {"WGAN-GP / critic step, SiLU, peak memory", {.unit = Unit::ratio, .goals = {.value = 2.5}}},
      {"VAT / supervised step", {.unit = Unit::ratio, .goals = {.value = 3}}},
      {"VAT step, exact / finite differences", {.unit = Unit::ratio, .goals = {.value = 1.05}}},
      {"hvp / gradient, MLP", {.unit = Unit::ratio, .goals = {.value = 3.3}}},
      {"Laplacian penalty / plain step", {.unit = Unit::ratio}},
      {"add, in cache", {.unit = Unit::us}},
      {"exp, in cache", {.unit = Unit::us, .goals = {.of_tuned = 0.25}}},
      {"tanh, in cache", {.unit = Unit::us, .goals = {.of_tuned = 0.25}}},
      {"sigmoid, in cache", {.unit = Unit::us, .goals = {.of_tuned = 0.25}}},
      {"gelu, in cache", {.unit = Unit::us, .goals = {.of_tuned = 0.25}}},
      {"gelu_tanh, in cache", {.unit = Unit::us, .goals = {.of_tuned = 0.25}}},
      {"softmax, in cache", {.unit = Unit::us, .goals = {.of_tuned = 0.25}}},
      {"process with a first backward", {.goals = {.value = 50}}},
      {"idle RSS", {.unit = Unit::mib, .goals = {.value = 30}}},
  };
  return rows;
}

}  // namespace

const char* name_of(Unit unit) {
  switch (unit) {
    case Unit::ns:
      return "ns";
    case Unit::us:
      return "us";
    case Unit::ms:
      return "ms";
    case Unit::ratio:
      return "x";
    case Unit::mib:
      break;
  }
  return "MiB";
}

double scale(Unit unit) {
  switch (unit) {
    case Unit::ns:
      return 1e9;
    case Unit::us:
      return 1e6;
    case Unit::ms:
      return 1e3;
    case Unit::mib:
    case Unit::ratio:
      break;
  }
  return 1;
}

RowFacts facts_of(const std::string& row, const std::string& device) {
  auto found = table().find(row);
  if (found == table().end()) return {};
  RowFacts facts = found->second;
  if (device != "cpu") facts.goals = {};
  return facts;
}

std::vector<std::string> known_rows() {
  std::vector<std::string> names;
  for (const auto& [name, facts] : table()) names.push_back(name);
  return names;
}

}  // namespace gg::bench
