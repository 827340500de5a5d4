// The same tasks with libtorch, written as its users would: gg_bench_peer_libtorch TASK THREADS SECONDS. Built only
// where Debian's libtorch-dev is installed. gg_bench starts it; rows and tasks have the names of tasks.h.
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <torch/torch.h>
#include <torch/version.h>

#include <fstream>

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

void run_mlp(const Settings& s) {
  using namespace torch::nn;
  Sequential model(Linear(784, 512), ReLU(), Linear(512, 512), ReLU(), Linear(512, 10));
  Tensor x = torch::rand({kBatch, 784}), y = torch::randint(10, {kBatch});
  training_step(s, "MLP step", model->parameters(), [&] { return F::cross_entropy(model->forward(x), y); });
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

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: gg_bench_peer_libtorch TASK THREADS SECONDS (gg_bench starts it)\n");
    return 2;
  }
  std::string task = argv[1];
  Settings s{std::atoi(argv[2]), std::atof(argv[3])};
  at::set_num_threads(s.threads);
  torch::manual_seed(1);
  if (task == "ops") run_ops(s);
  if (task == "mlp") run_mlp(s);
  if (task == "vae") run_vae(s);
  if (task == "conv") run_conv(s);
  if (task == "adamw1") run_adamw(s, 1);
  if (task == "adamw50") run_adamw(s, 50);
  if (task == "start") run_start();
  tell("libtorch", std::string(TORCH_VERSION) + ", " + loaded_blas());
}
