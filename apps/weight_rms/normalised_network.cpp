#include "apps/weight_rms/normalised_network.h"

#include <cmath>

#include "apps/common/stop_signal.h"
#include "autograd/autograd.h"
#include "losses/losses.h"
#include "nn/nn.h"
#include "ops/ops.h"
#include "optim/optim.h"

namespace gg::apps {
namespace {

constexpr std::int64_t kInputs = 32, kHidden = 64, kClasses = 10, kBatch = 64;

double norm_of(const std::vector<Tensor>& all) {
  double squares = 0;
  for (const Tensor& t : all) squares += std::pow(norm(t).item(), 2);
  return std::sqrt(squares);
}

}  // namespace

NormalisedTraining train_normalised(const NormalisedOptions& options) {
  manual_seed(options.seed);
  const nn::Linear first(kInputs, kHidden, {.bias = false}), second(kHidden, kHidden, {.bias = false});
  const nn::LayerNorm norm_first(kHidden), norm_second(kHidden);
  const nn::Linear head(kHidden, kClasses);
  const Tensor teacher = randn({kInputs, kClasses});
  const auto net = [&](const Tensor& x) { return head(relu(norm_second(second(relu(norm_first(first(x))))))); };

  const std::vector<Tensor> normalised = {first.weight, second.weight};
  std::vector<Tensor> others;
  for (const nn::Module& m : std::initializer_list<nn::Module>{norm_first, norm_second, head}) {
    for (const Tensor& p : m.parameters()) others.push_back(p);
  }
  optim::AdamW optimizer(std::vector<optim::AdamW::Group>{{normalised, {.betas = {0.9, 0.95}}},
                                                          {others, {.betas = {0.9, 0.95}, .weight_decay = 0}}});
  const optim::Schedule rate = optim::cosine({.peak = options.lr, .steps = options.steps});
  const optim::RateAndDecay of_normalised{
      .lr = rate, .weight_decay = options.weight_decay, .decay_follows_rate = options.decay_follows_rate};
  const optim::RateAndDecay of_others{.lr = rate};

  NormalisedTraining result;
  const std::int64_t every = std::max<std::int64_t>(1, options.steps / 200), last = options.steps - options.steps / 20;
  double gradient = 0, last_losses = 0;
  std::int64_t counted = 0;
  double numbers = 0;
  for (const Tensor& t : normalised) numbers += static_cast<double>(t.numel());
  for (std::int64_t step = 0; step < options.steps; ++step) {
    const Tensor x = randn({kBatch, kInputs});
    // A fifth of the labels is random.
    const Tensor kept = gt(rand({kBatch}), full({kBatch}, 0.2));
    const Tensor y = where(kept, argmax(matmul(x, teacher), 1), randint(0, kClasses, {kBatch}));
    optimizer.zero_grad();
    const Tensor loss = losses::cross_entropy(net(x), y);
    loss.backward();
    std::vector<Tensor> gradients;
    for (const Tensor& p : normalised) gradients.push_back(p.grad());
    gradient += norm_of(gradients);
    set_rates_and_decays(optimizer, {of_normalised, of_others}, step);
    optimizer.step();
    if (stop_requested()) throw Stopped(step + 1);
    if (step >= last) {
      last_losses += loss.item();
      ++counted;
    }
    if ((step + 1) % every != 0) continue;
    std::vector<Tensor> weights;
    for (const Tensor& p : normalised) weights.push_back(p.detach());
    result.steps.push_back(static_cast<double>(step + 1));
    result.rms.push_back(norm_of(weights) / std::sqrt(numbers));
    result.gradient.push_back(gradient / static_cast<double>(every));
    gradient = 0;
  }
  result.loss = counted > 0 ? last_losses / static_cast<double>(counted) : 0;
  return result;
}

}  // namespace gg::apps
