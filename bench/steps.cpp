// Times of training steps (training_steps.h) and of the optimiser alone.
#include "autograd/autograd.h"
#include "bench/tasks.h"
#include "bench/training_steps.h"
#include "ops/ops.h"
#include "optim/optim.h"

namespace gg::bench {
namespace {

void measure_step(const Settings& s, const char* row, TrainingStep (*make)(Device)) {
  const Device device = parse_device(s.device);
  const TrainingStep step = make(device);
  optim::AdamW optimizer(step.parameters, {.lr = 1e-3});
  tell(row, measure(s, [&] {
         run(step, optimizer);
         synchronize(device);
       }));
}

}  // namespace

void run_mlp(const Settings& s) { measure_step(s, "MLP step", mlp_step); }
void run_conv(const Settings& s) { measure_step(s, "conv autoencoder step", conv_step); }
void run_vae(const Settings& s) { measure_step(s, "VAE step", vae_step); }

void run_adamw(const Settings& s, int tensors) {
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

void run_start() {
  Tensor x = ones({4, 4});
  x.requires_grad_();
  sum(x * x).backward();
  tell("idle RSS", resident_mib());
}

const std::vector<std::string>& task_names() {
  static const std::vector<std::string> names = {"ops", "mlp", "vae", "conv", "adamw1", "adamw50", "families", "start"};
  return names;
}

void run_task(const std::string& name, const Settings& s) {
  if (name == "ops") run_ops(s);
  if (name == "mlp") run_mlp(s);
  if (name == "vae") run_vae(s);
  if (name == "conv") run_conv(s);
  if (name == "adamw1") run_adamw(s, 1);
  if (name == "adamw50") run_adamw(s, 50);
  if (name == "families") run_families(s);
  if (name == "start") run_start();
}

}  // namespace gg::bench
