#include "bench/training_steps.h"

#include "autograd/autograd.h"
#include "autograd/functional/functional.h"
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

TrainingStep tiny_mlp_step(Device device) {
  manual_seed(1);
  nn::Sequential model{nn::Linear(2, 16), nn::ReLU(), nn::Linear(16, 16), nn::ReLU(), nn::Linear(16, 1)};
  model.to(device);
  Tensor x = to(rand({16, 2}), device), y = to(rand({16, 1}), device);
  return {model.parameters(), [=] { return losses::mse(model(x), y); }};
}

namespace {

constexpr int64_t kImages = 64, kNoise = 64;

nn::Sequential make_critic(const CriticOptions& o) {
  nn::Sequential critic;
  auto activation = [&](const Shape& normalized) {
    if (o.layer_norm) critic.add(nn::LayerNorm(normalized));
    if (o.smooth) {
      critic.add(nn::SiLU());
    } else {
      critic.add(nn::LeakyReLU(0.2));
    }
  };
  critic.add(nn::Conv2d(1, 64, 4, {.stride = 2, .padding = 1}));
  activation({64, 14, 14});
  critic.add(nn::Conv2d(64, 128, 4, {.stride = 2, .padding = 1}));
  activation({128, 7, 7});
  critic.add(nn::Flatten());
  critic.add(nn::Linear(6272, 1));
  return critic;
}

struct Gan {
  nn::Sequential critic;
  nn::Sequential generator{nn::Linear(kNoise, 6272),
                           nn::ReLU(),
                           nn::Unflatten({128, 7, 7}),
                           nn::ConvTranspose2d(128, 64, 4, {.stride = 2, .padding = 1}),
                           nn::ReLU(),
                           nn::ConvTranspose2d(64, 1, 4, {.stride = 2, .padding = 1}),
                           nn::Tanh()};

  explicit Gan(Device device, const CriticOptions& o = {}) : critic(make_critic(o)) {
    critic.to(device);
    generator.to(device);
  }
  Tensor made() const { return generator(randn({kImages, kNoise}, {f32, critic.parameters()[0].device()})); }
};

}  // namespace

TrainingStep critic_step(Device device, const CriticOptions& options) {
  manual_seed(1);
  Gan gan(device, options);
  Tensor real = to(rand({kImages, 1, 28, 28}) * 2 - 1, device);
  return {gan.critic.parameters(), [=] {
            Tensor made = gan.made().detach();
            Tensor loss = mean(gan.critic(made)) - mean(gan.critic(real));
            return options.penalty ? loss + 10 * losses::wgan_gp_penalty(gan.critic, real, made) : loss;
          }};
}

TrainingStep generator_step(Device device) {
  manual_seed(1);
  Gan gan(device);
  return {gan.generator.parameters(), [=] {
            const nn::Frozen constant(gan.critic);
            return -mean(gan.critic(gan.made()));
          }};
}

TrainingStep vat_step(Device device, Vat how) {
  manual_seed(1);
  nn::Sequential model{nn::Linear(784, 512), nn::ReLU(), nn::Linear(512, 512), nn::ReLU(), nn::Linear(512, 10)};
  model.to(device);
  Tensor x = to(rand({kBatch, 784}), device), y = to(randint(0, 10, {kBatch}), device);
  return {
      model.parameters(), [=] {
        const auto v = losses::virtual_adversarial(
            model, x,
            {.epsilon = 2,
             .direction = how == Vat::exact ? losses::VatDirection::exact : losses::VatDirection::finite_differences});
        return losses::cross_entropy(v.logits, y) + v.loss;
      }};
}

TrainingStep arcface_step(Device device, int64_t classes) {
  manual_seed(1);
  constexpr double kMargin = 0.5, kScale = 64;
  Tensor weight = randn({classes, 512}, {f32, device}).requires_grad_();
  Tensor features = randn({kBatch, 512}, {f32, device}).requires_grad_();
  Tensor y = to(randint(0, classes, {kBatch}), device), target = unsqueeze(y, 1);
  return {{weight, features}, [=] {
            Tensor cosine = cosine_linear(features, weight);
            Tensor own = clamp(gather(cosine, 1, target), -1 + 1e-7, 1 - 1e-7);
            Tensor harder = scatter_add(cosine, 1, target, cos(acos(own) + kMargin) - own);
            return losses::cross_entropy(kScale * harder, y);
          }};
}

std::function<Tensor()> laplacian(Device device, int64_t samples) {
  manual_seed(1);
  constexpr int64_t kInputs = 784;
  nn::Sequential model{nn::Linear(kInputs, 128), nn::Tanh(), nn::Linear(128, 128), nn::Tanh(), nn::Linear(128, 10)};
  model.to(device);
  model.requires_grad_(false);
  Tensor x = to(rand({samples, kInputs}), device), y = to(randint(0, 10, {samples}), device);
  return [=] {
    const NoGrad off;
    auto loss = [&](const Tensor& at) {
      return losses::cross_entropy(model(at), y, {.reduction = losses::Reduction::none});
    };
    return gg::laplacian(loss, x, {.batched = true}).laplacian;
  };
}

TrainingStep laplacian_step(Device device, bool penalty) {
  manual_seed(1);
  nn::Sequential model{nn::Linear(784, 256), nn::Tanh(), nn::Linear(256, 10)};
  model.to(device);
  Tensor x = to(rand({kBatch, 784}), device), y = to(randint(0, 10, {kBatch}), device);
  return {model.parameters(), [=] {
            auto loss = [&](const Tensor& at) {
              return losses::cross_entropy(model(at), y, {.reduction = losses::Reduction::none});
            };
            if (!penalty) return mean(loss(x));
            const LaplacianResult r = gg::laplacian(loss, x, {.batched = true});
            return mean(r.value) + 1e-3 * mean(r.laplacian);
          }};
}

void run(const TrainingStep& step, optim::Optimizer& optimizer) {
  optimizer.zero_grad();
  step.loss().backward();
  optimizer.step();
}

}  // namespace gg::bench
