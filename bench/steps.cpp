// Training steps: forward, backward and AdamW, as a user writes them.
#include "autograd/autograd.h"
#include "bench/tasks.h"
#include "losses/losses.h"
#include "nn/nn.h"
#include "ops/ops.h"
#include "optim/optim.h"

namespace gg::bench {
namespace {

constexpr int64_t kBatch = 128;

template <class Loss>
void training_step(const Settings& s, const char* row, std::vector<Tensor> parameters, Loss&& loss) {
  optim::AdamW optimizer(std::move(parameters), {.lr = 1e-3});
  tell(row, measure(s, [&] {
         optimizer.zero_grad();
         loss().backward();
         optimizer.step();
       }));
}

}  // namespace

void run_mlp(const Settings& s) {
  manual_seed(1);
  nn::Sequential model{nn::Linear(784, 512), nn::ReLU(), nn::Linear(512, 512), nn::ReLU(), nn::Linear(512, 10)};
  Tensor x = rand({kBatch, 784}), y = randint(0, 10, {kBatch});
  training_step(s, "MLP step", model.parameters(), [&] { return losses::cross_entropy(model(x), y); });
}

void run_conv(const Settings& s) {
  manual_seed(1);
  nn::Sequential model{nn::Conv2d(1, 32, 3, {.stride = 2, .padding = 1}),           nn::ReLU(),
                       nn::Conv2d(32, 64, 3, {.stride = 2, .padding = 1}),          nn::ReLU(),
                       nn::ConvTranspose2d(64, 32, 4, {.stride = 2, .padding = 1}), nn::ReLU(),
                       nn::ConvTranspose2d(32, 1, 4, {.stride = 2, .padding = 1}),  nn::Sigmoid()};
  Tensor x = rand({kBatch, 1, 28, 28});
  training_step(s, "conv autoencoder step", model.parameters(), [&] { return losses::mse(model(x), x); });
}

void run_vae(const Settings& s) {
  manual_seed(1);
  nn::Linear hidden(784, 400), to_mu(400, 20), to_logvar(400, 20), from_code(20, 400), to_image(400, 784);
  std::vector<Tensor> parameters;
  for (const nn::Module& layer : std::initializer_list<nn::Module>{hidden, to_mu, to_logvar, from_code, to_image}) {
    for (Tensor& p : layer.parameters()) parameters.push_back(p);
  }
  Tensor x = rand({kBatch, 784});
  training_step(s, "VAE step", std::move(parameters), [&] {
    Tensor h = relu(hidden(x)), mu = to_mu(h), logvar = to_logvar(h);
    Tensor z = losses::reparameterize(mu, logvar, randn_like(mu));
    Tensor logits = to_image(relu(from_code(z)));
    return losses::bce_with_logits(logits, x, {.reduction = losses::Reduction::sum}) +
           sum(losses::kl_normal_standard(mu, logvar));
  });
}

void run_adamw(const Settings& s, int tensors) {
  constexpr int64_t kParameters = 50'000'000;
  manual_seed(1);
  std::vector<Tensor> parameters;
  for (int i = 0; i < tensors; ++i) {
    Tensor p = randn({kParameters / tensors});
    p.requires_grad_();
    p.set_grad(randn({kParameters / tensors}));
    parameters.push_back(p);
  }
  optim::AdamW optimizer(std::move(parameters), {.lr = 1e-3});
  tell("AdamW 50M, " + std::to_string(tensors) + (tensors == 1 ? " tensor" : " tensors"),
       measure(s, [&] { optimizer.step(); }));
}

void run_start() {
  Tensor x = ones({4, 4});
  x.requires_grad_();
  sum(x * x).backward();
  tell("idle RSS", resident_mib());
}

const std::vector<std::string>& task_names() {
  static const std::vector<std::string> names = {"ops", "mlp", "vae", "conv", "adamw1", "adamw50", "start"};
  return names;
}

void run_task(const std::string& name, const Settings& s) {
  if (name == "ops") run_ops(s);
  if (name == "mlp") run_mlp(s);
  if (name == "vae") run_vae(s);
  if (name == "conv") run_conv(s);
  if (name == "adamw1") run_adamw(s, 1);
  if (name == "adamw50") run_adamw(s, 50);
  if (name == "start") run_start();
}

}  // namespace gg::bench
