#include "bench/training_steps.h"

#include "autograd/autograd.h"
#include "losses/losses.h"
#include "nn/nn.h"
#include "ops/ops.h"

namespace gg::bench {
namespace {

constexpr int64_t kBatch = 128;

}  // namespace

TrainingStep mlp_step(Device device) {
  manual_seed(1);
  nn::Sequential model{nn::Linear(784, 512), nn::ReLU(), nn::Linear(512, 512), nn::ReLU(), nn::Linear(512, 10)};
  model.to(device);
  Tensor x = to(rand({kBatch, 784}), device), y = to(randint(0, 10, {kBatch}), device);
  return {model.parameters(), [=] { return losses::cross_entropy(model(x), y); }};
}

TrainingStep conv_step(Device device) {
  manual_seed(1);
  nn::Sequential model{nn::Conv2d(1, 32, 3, {.stride = 2, .padding = 1}),           nn::ReLU(),
                       nn::Conv2d(32, 64, 3, {.stride = 2, .padding = 1}),          nn::ReLU(),
                       nn::ConvTranspose2d(64, 32, 4, {.stride = 2, .padding = 1}), nn::ReLU(),
                       nn::ConvTranspose2d(32, 1, 4, {.stride = 2, .padding = 1}),  nn::Sigmoid()};
  model.to(device);
  Tensor x = to(rand({kBatch, 1, 28, 28}), device);
  return {model.parameters(), [=] { return losses::mse(model(x), x); }};
}

TrainingStep vae_step(Device device) {
  manual_seed(1);
  nn::Linear hidden(784, 400), to_mu(400, 20), to_logvar(400, 20), from_code(20, 400), to_image(400, 784);
  std::vector<Tensor> parameters;
  for (const nn::Module& layer : std::initializer_list<nn::Module>{hidden, to_mu, to_logvar, from_code, to_image}) {
    layer.to(device);
    for (Tensor& p : layer.parameters()) parameters.push_back(p);
  }
  Tensor x = to(rand({kBatch, 784}), device);
  return {parameters, [=] {
            Tensor h = relu(hidden(x)), mu = to_mu(h), logvar = to_logvar(h);
            Tensor z = losses::reparameterize(mu, logvar, randn_like(mu));
            Tensor logits = to_image(relu(from_code(z)));
            return losses::bce_with_logits(logits, x, {.reduction = losses::Reduction::sum}) +
                   sum(losses::kl_normal_standard(mu, logvar));
          }};
}

void run(const TrainingStep& step, optim::Optimizer& optimizer) {
  optimizer.zero_grad();
  step.loss().backward();
  optimizer.step();
}

}  // namespace gg::bench
