// The same tasks with libtorch, written as its users would: gg_bench_peer_libtorch TASK THREADS SECONDS cpu. Built only
// where Debian's libtorch-dev is installed. gg_bench starts it; rows and tasks have the names of tasks.h.
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <torch/torch.h>
#include <torch/version.h>

#include <fstream>
#include <map>

#include "bench/measure.h"

namespace {

using gg::bench::measure;
using gg::bench::Settings;
using gg::bench::tell;
using torch::Tensor;
namespace F = torch::nn::functional;

template <class Op>
void chain(const Settings& s, const std::string& name, const Tensor& x, const Tensor& second, Op&& op) {
  constexpr int kChain = 1000;
  auto forward = [&] {
    Tensor y = x;
    for (int i = 0; i < kChain; ++i) y = op(y);
    return y;
  };
  auto row = [&](const char* what, auto&& fn) { tell(name + what, measure(s, fn) / kChain); };
  row(": no grad", [&] {
    torch::NoGradGuard off;
    forward();
  });
  row(": recorded", [&] { forward(); });
  row(": + backward", [&] { torch::autograd::grad({forward().sum()}, {x}); });
  row(": + second backward", [&] {
    Tensor g = torch::autograd::grad({forward().sum()}, {x}, {}, true, true)[0];
    torch::autograd::grad({g.sum()}, {second});
  });
}

void run_ops(const Settings& s) {
  Tensor x = torch::rand({16}) + 0.5, factor = torch::rand({16}) * 0.002 + 0.999;
  x.requires_grad_();
  factor.requires_grad_();
  chain(s, "mul", x, factor, [&](const Tensor& y) { return y * factor; });
  chain(s, "tanh", x, x, [](const Tensor& y) { return torch::tanh(y); });
}

template <class Loss>
void training_step(const Settings& s, const char* row, std::vector<Tensor> parameters, Loss&& loss) {
  torch::optim::AdamW optimizer(std::move(parameters), torch::optim::AdamWOptions(1e-3));
  tell(row, measure(s, [&] {
         optimizer.zero_grad();
         loss().backward();
         optimizer.step();
       }));
}

constexpr int64_t kBatch = 128;

torch::nn::Sequential mlp_model(const std::vector<int64_t>& sizes, bool smooth = false) {
  torch::nn::Sequential model;
  for (size_t i = 0; i + 1 < sizes.size(); ++i) {
    model->push_back(torch::nn::Linear(sizes[i], sizes[i + 1]));
    if (i + 2 == sizes.size()) break;
    if (smooth) model->push_back(torch::nn::Tanh());
    if (!smooth) model->push_back(torch::nn::ReLU());
  }
  return model;
}

void run_mlp(const Settings& s) {
  auto model = mlp_model({784, 512, 512, 10});
  Tensor x = torch::rand({kBatch, 784}), y = torch::randint(10, {kBatch});
  training_step(s, "MLP step", model->parameters(), [&] { return F::cross_entropy(model->forward(x), y); });
}

void run_mlp_gradients(const Settings& s) {
  auto model = mlp_model({784, 512, 512, 10});
  Tensor x = torch::rand({kBatch, 784}), y = torch::randint(10, {kBatch});
  tell("MLP, gradients only",
       measure(s, [&] { torch::autograd::grad({F::cross_entropy(model->forward(x), y)}, model->parameters()); }));
}

void run_mlp_tiny(const Settings& s) {
  auto model = mlp_model({2, 16, 16, 1});
  Tensor x = torch::rand({16, 2}), y = torch::rand({16, 1});
  training_step(s, "tiny MLP step", model->parameters(), [&] { return F::mse_loss(model->forward(x), y); });
}

void run_conv(const Settings& s) {
  using namespace torch::nn;
  Sequential model(Conv2d(Conv2dOptions(1, 32, 3).stride(2).padding(1)), ReLU(),
                   Conv2d(Conv2dOptions(32, 64, 3).stride(2).padding(1)), ReLU(),
                   ConvTranspose2d(ConvTranspose2dOptions(64, 32, 4).stride(2).padding(1)), ReLU(),
                   ConvTranspose2d(ConvTranspose2dOptions(32, 1, 4).stride(2).padding(1)), Sigmoid());
  Tensor x = torch::rand({kBatch, 1, 28, 28});
  training_step(s, "conv autoencoder step", model->parameters(), [&] { return F::mse_loss(model->forward(x), x); });
}

void run_vae(const Settings& s) {
  torch::nn::Linear hidden(784, 400), to_mu(400, 20), to_logvar(400, 20), from_code(20, 400), to_image(400, 784);
  std::vector<Tensor> parameters;
  for (auto& layer : {hidden, to_mu, to_logvar, from_code, to_image}) {
    for (Tensor& p : layer->parameters()) parameters.push_back(p);
  }
  Tensor x = torch::rand({kBatch, 784});
  training_step(s, "VAE step", std::move(parameters), [&] {
    Tensor h = torch::relu(hidden(x)), mu = to_mu(h), logvar = to_logvar(h);
    Tensor z = mu + torch::exp(0.5 * logvar) * torch::randn_like(mu);
    Tensor logits = to_image(torch::relu(from_code(z)));
    auto options = F::BinaryCrossEntropyWithLogitsFuncOptions().reduction(torch::kSum);
    return F::binary_cross_entropy_with_logits(logits, x, options) -
           0.5 * torch::sum(1 + logvar - mu.pow(2) - logvar.exp());
  });
}

struct Gan {
  torch::nn::Conv2d first{torch::nn::Conv2dOptions(1, 64, 4).stride(2).padding(1)};
  torch::nn::Conv2d second{torch::nn::Conv2dOptions(64, 128, 4).stride(2).padding(1)};
  torch::nn::Linear score{6272, 1}, from_noise{64, 6272};
  torch::nn::ConvTranspose2d wider{torch::nn::ConvTranspose2dOptions(128, 64, 4).stride(2).padding(1)};
  torch::nn::ConvTranspose2d image{torch::nn::ConvTranspose2dOptions(64, 1, 4).stride(2).padding(1)};

  Tensor critic(const Tensor& x) {
    return score(torch::leaky_relu(second(torch::leaky_relu(first(x), 0.2)), 0.2).flatten(1));
  }
  Tensor made() {
    Tensor h = torch::relu(from_noise(torch::randn({64, 64}))).view({-1, 128, 7, 7});
    return torch::tanh(image(torch::relu(wider(h))));
  }
  static void add(std::vector<Tensor>& to, const std::vector<Tensor>& from) {
    to.insert(to.end(), from.begin(), from.end());
  }
  std::vector<Tensor> critic_parameters() {
    std::vector<Tensor> all = first->parameters();
    add(all, second->parameters());
    add(all, score->parameters());
    return all;
  }
  std::vector<Tensor> generator_parameters() {
    std::vector<Tensor> all = from_noise->parameters();
    add(all, wider->parameters());
    add(all, image->parameters());
    return all;
  }
};

void run_critic(const Settings& s, bool penalty) {
  Gan gan;
  Tensor real = torch::rand({64, 1, 28, 28}) * 2 - 1;
  training_step(s, penalty ? "WGAN-GP critic step" : "critic step", gan.critic_parameters(), [&] {
    Tensor made = gan.made().detach();
    Tensor loss = gan.critic(made).mean() - gan.critic(real).mean();
    if (!penalty) return loss;
    Tensor e = torch::rand({64, 1, 1, 1}), between = (e * real + (1 - e) * made).requires_grad_();
    Tensor out = gan.critic(between);
    Tensor g = torch::autograd::grad({out}, {between}, {torch::ones_like(out)}, true, true)[0];
    Tensor norm = (g.flatten(1).square().sum(1) + 1e-12).sqrt();
    return loss + 10 * (norm - 1).square().mean();
  });
}

void run_generator(const Settings& s) {
  Gan gan;
  for (Tensor& p : gan.critic_parameters()) p.requires_grad_(false);
  training_step(s, "generator step", gan.generator_parameters(), [&] { return -gan.critic(gan.made()).mean(); });
}

Tensor divergence(const Tensor& p, const Tensor& logits) {
  return (p * (torch::log(p + 1e-12) - torch::log_softmax(logits, 1))).sum() / p.size(0);
}
Tensor unit_rows(const Tensor& d) { return d / (d.norm(2, 1, true) + 1e-12); }

// libtorch has no forward mode for this: the Hessian-vector product is a gradient of a gradient.
void run_vat(const Settings& s, bool exact) {
  auto model = mlp_model({784, 512, 512, 10});
  Tensor x = torch::rand({kBatch, 784}), y = torch::randint(10, {kBatch});
  training_step(s, exact ? "VAT step, exact" : "VAT step, finite differences", model->parameters(), [&] {
    Tensor logits = model->forward(x), p = torch::softmax(logits, 1).detach(), d = unit_rows(torch::randn_like(x));
    if (exact) {
      Tensor r = torch::zeros_like(x).requires_grad_();
      Tensor g = torch::autograd::grad({divergence(p, model->forward(x + r))}, {r}, {}, true, true)[0];
      d = torch::autograd::grad({(g * d).sum()}, {r})[0];
    } else {
      Tensor r = (0.1 * d).requires_grad_();
      d = torch::autograd::grad({divergence(p, model->forward(x + r))}, {r})[0];
    }
    return F::cross_entropy(logits, y) + divergence(p, model->forward(x + 2 * unit_rows(d)));
  });
}

void run_arcface(const Settings& s, int64_t classes, const char* row) {
  Tensor weight = torch::randn({classes, 512}).requires_grad_(), x = torch::randn({kBatch, 512}).requires_grad_();
  Tensor y = torch::randint(classes, {kBatch}), target = y.unsqueeze(1);
  torch::optim::SGD optimizer({weight}, torch::optim::SGDOptions(0.1));
  tell(row, measure(s, [&] {
         optimizer.zero_grad();
         x.mutable_grad() = Tensor();
         Tensor cosine = F::linear(F::normalize(x), F::normalize(weight));
         Tensor own = cosine.gather(1, target).clamp(-1 + 1e-7, 1 - 1e-7);
         Tensor logits = cosine.scatter(1, target, torch::cos(torch::acos(own) + 0.5)) * 64;
         F::cross_entropy(logits, y).backward();
         optimizer.step();
       }));
}

void run_laplacian(const Settings& s, int64_t samples, const char* row) {
  auto model = mlp_model({784, 128, 128, 10}, true);
  for (Tensor& p : model->parameters()) p.requires_grad_(false);
  Tensor x = torch::rand({samples, 784}).requires_grad_(), y = torch::randint(10, {samples});
  Tensor directions = torch::eye(784);
  tell(row, measure(s, [&] {
         auto options = F::CrossEntropyFuncOptions().reduction(torch::kSum);
         Tensor g = torch::autograd::grad({F::cross_entropy(model->forward(x), y, options)}, {x}, {}, true, true)[0];
         Tensor laplacian = torch::zeros({samples});
         for (int64_t i = 0; i < 784; ++i) {
           laplacian += torch::autograd::grad({g}, {x}, {directions[i].expand_as(g)}, true)[0].select(1, i);
         }
       }));
}

void run_in_cache(const Settings& s) {
  torch::NoGradGuard off;
  Tensor x = torch::randn({256, 512});
  auto row = [&](const char* name, auto&& fn) { tell(std::string(name) + ", in cache", measure(s, fn)); };
  row("add", [&] { x + x; });
  row("exp", [&] { torch::exp(x); });
  row("tanh", [&] { torch::tanh(x); });
  row("sigmoid", [&] { torch::sigmoid(x); });
  row("gelu", [&] { torch::gelu(x); });
  row("gelu_tanh", [&] { torch::gelu(x, "tanh"); });
  row("softmax", [&] { torch::softmax(x, 1); });
}

void run_adamw(const Settings& s, int tensors) {
  std::vector<Tensor> parameters;
  for (int i = 0; i < tensors; ++i) {
    Tensor p = torch::randn({50000000 / tensors}).requires_grad_();
    p.mutable_grad() = torch::randn_like(p);
    parameters.push_back(p);
  }
  torch::optim::AdamW optimizer(std::move(parameters), torch::optim::AdamWOptions(1e-3));
  tell("AdamW 50M, " + std::to_string(tensors) + (tensors == 1 ? " tensor" : " tensors"),
       measure(s, [&] { optimizer.step(); }));
}

void run_start() {
  Tensor x = torch::ones({4, 4}, torch::requires_grad());
  (x * x).sum().backward();
  tell("idle RSS", gg::bench::resident_mib());
}

// The file of the BLAS library that the dynamic linker chose.
std::string loaded_blas() {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    size_t path = line.find('/');
    if (path != std::string::npos && line.find("blas") != std::string::npos) return line.substr(path);
  }
  return "none";
}

const std::map<std::string, void (*)(const Settings&)>& tasks() {
  using S = const Settings&;
  static const std::map<std::string, void (*)(S)> all = {
      {"ops", run_ops},
      {"mlp", run_mlp},
      {"mlp-gradients", run_mlp_gradients},
      {"mlp-tiny", run_mlp_tiny},
      {"vae", run_vae},
      {"conv", run_conv},
      {"critic", [](S s) { run_critic(s, false); }},
      {"critic-gp", [](S s) { run_critic(s, true); }},
      {"generator", run_generator},
      {"vat-fd", [](S s) { run_vat(s, false); }},
      {"vat-exact", [](S s) { run_vat(s, true); }},
      {"arcface-10k", [](S s) { run_arcface(s, 10000, "ArcFace step, 10k classes"); }},
      {"arcface-100k", [](S s) { run_arcface(s, 100000, "ArcFace step, 100k classes"); }},
      {"adamw1", [](S s) { run_adamw(s, 1); }},
      {"adamw50", [](S s) { run_adamw(s, 50); }},
      {"laplacian-1", [](S s) { run_laplacian(s, 1, "exact Laplacian, 1 sample"); }},
      {"laplacian-32", [](S s) { run_laplacian(s, 32, "exact Laplacian, 32 samples"); }},
      {"in-cache", run_in_cache},
      {"start", [](S) { run_start(); }},
  };
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  const auto task = argc == 5 ? tasks().find(argv[1]) : tasks().end();
  if (task == tasks().end()) {
    std::fprintf(stderr, "usage: gg_bench_peer_libtorch TASK THREADS SECONDS cpu (gg_bench starts it)\n");
    return 2;
  }
  Settings s{std::atoi(argv[2]), std::atof(argv[3])};
  at::set_num_threads(s.threads);
  torch::manual_seed(1);
  task->second(s);
  gg::bench::tell_peak();
  tell("libtorch", std::string(TORCH_VERSION) + ", " + loaded_blas());
}
