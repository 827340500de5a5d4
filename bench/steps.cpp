// Times of training steps (training_steps.h) and of the optimisers alone.
#include "autograd/autograd.h"
#include "bench/tasks.h"
#include "bench/training_steps.h"
#include "ops/ops.h"
#include "optim/optim.h"

namespace gg::bench {
namespace {

template <class Optimizer>
void measure_step(const Settings& s, const char* row, const TrainingStep& step, Optimizer&& optimizer) {
  const Device device = step.parameters[0].device();
  tell(row, measure(s, [&] {
         run(step, optimizer);
         synchronize(device);
       }));
}

void measure_adamw(const Settings& s, const char* row, const TrainingStep& step) {
  measure_step(s, row, step, optim::AdamW(step.parameters, {.lr = 1e-3}));
}

void measure_gradients(const Settings& s, const char* row, const TrainingStep& step) {
  tell(row, measure(s, [&] {
         grad(step.loss(), step.parameters);
         synchronize(step.parameters[0].device());
       }));
}

void measure_laplacian(const Settings& s, const char* row, int64_t samples) {
  const Device device = parse_device(s.device);
  const auto compute = laplacian(device, samples);
  tell(row, measure(s, [&] {
         compute();
         synchronize(device);
       }));
}

void measure_arcface(const Settings& s, const char* row, int64_t classes) {
  const TrainingStep step = arcface_step(parse_device(s.device), classes);
  measure_step(s, row, step, optim::SGD({step.parameters[0]}, {.lr = 0.1}));
}

void measure_optimizer(const Settings& s, int tensors) {
  constexpr int64_t kParameters = 50'000'000;
  const Device device = parse_device(s.device);
  manual_seed(1);
  std::vector<Tensor> parameters;
  for (int i = 0; i < tensors; ++i) {
    Tensor p = randn({kParameters / tensors}, {f32, device}).requires_grad_();
    p.set_grad(randn({kParameters / tensors}, {f32, device}));
    parameters.push_back(p);
  }
  optim::AdamW optimizer(std::move(parameters), {.lr = 1e-3});
  tell("AdamW 50M, " + std::to_string(tensors) + (tensors == 1 ? " tensor" : " tensors"), measure(s, [&] {
         optimizer.step();
         synchronize(device);
       }));
}

// A first, tiny backward pass, then the resident memory. Its own duration is measured from outside.
void start() {
  Tensor x = ones({4, 4});
  x.requires_grad_();
  sum(x * x).backward();
  tell("idle RSS", resident_mib());
}

}  // namespace

const std::vector<Task>& tasks() {
  using S = const Settings&;
  static const auto on = [](S s) { return parse_device(s.device); };
  static const std::vector<Task> all = {
      {"ops", run_ops},
      {"mlp", [](S s) { measure_adamw(s, "MLP step", mlp_step(on(s))); }},
      {"mlp-gradients", [](S s) { measure_gradients(s, "MLP, gradients only", mlp_step(on(s))); }},
      {"mlp-tiny", [](S s) { measure_adamw(s, "tiny MLP step", tiny_mlp_step(on(s))); }},
      {"conv", [](S s) { measure_adamw(s, "conv autoencoder step", conv_step(on(s))); }},
      {"vae", [](S s) { measure_adamw(s, "VAE step", vae_step(on(s))); }},
      {"critic", [](S s) { measure_adamw(s, "critic step", critic_step(on(s))); }},
      {"critic-gp", [](S s) { measure_adamw(s, "WGAN-GP critic step", critic_step(on(s), {.penalty = true})); }},
      {"generator", [](S s) { measure_adamw(s, "generator step", generator_step(on(s))); }},
      {"vat-fd",
       [](S s) { measure_adamw(s, "VAT step, finite differences", vat_step(on(s), Vat::finite_differences)); }},
      {"vat-exact", [](S s) { measure_adamw(s, "VAT step, exact", vat_step(on(s), Vat::exact)); }},
      {"arcface-10k", [](S s) { measure_arcface(s, "ArcFace step, 10k classes", 10'000); }},
      {"arcface-100k", [](S s) { measure_arcface(s, "ArcFace step, 100k classes", 100'000); }},
      {"adamw1", [](S s) { measure_optimizer(s, 1); }},
      {"adamw50", [](S s) { measure_optimizer(s, 50); }},
      {"laplacian-1", [](S s) { measure_laplacian(s, "exact Laplacian, 1 sample", 1); }},
      {"laplacian-32", [](S s) { measure_laplacian(s, "exact Laplacian, 32 samples", 32); }},
      {"higher-order", run_higher_order, {.libtorch = false, .pytorch = false}},
      {"in-cache", run_in_cache},
      {"families", run_families, {.libtorch = false}},
      {"start", [](S) { start(); }, {.host_only = true}},
  };
  return all;
}

}  // namespace gg::bench
