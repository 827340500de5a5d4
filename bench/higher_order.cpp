// What derivatives of higher order cost beside the same step without them. The sides take turns in one process, so that
// both meet the machine in the same state; each ratio is that of the medians.
#include "autograd/autograd.h"
#include "autograd/functional/transforms.h"
#include "bench/tasks.h"
#include "bench/training_steps.h"
#include "core/allocator.h"
#include "ops/ops.h"
#include "optim/optim.h"

namespace gg::bench {
namespace {

using Call = std::function<void()>;

void tell_ratio(const Settings& s, const char* row, const Call& a, const Call& b) {
  const clockid_t clock = s.device == "cpu" ? clock_for(s.threads) : CLOCK_MONOTONIC;
  std::vector<double> times[2];
  double spent = 0;
  constexpr int kWarmUp = 2, kFewest = 7;
  for (int i = 0; i < kWarmUp + kFewest || spent < 2 * s.seconds; ++i) {
    for (int side : {0, 1}) {
      const double start = now(clock);
      (side ? b : a)();
      const double took = now(clock) - start;
      if (i < kWarmUp) continue;
      times[side].push_back(took);
      spent += took;
    }
  }
  tell(row, median(times[0]) / median(times[1]));
}

Call training(const TrainingStep& step) {
  auto optimizer = std::make_shared<optim::AdamW>(step.parameters, optim::AdamWOptions{.lr = 1e-4});
  return [step, optimizer] {
    run(step, *optimizer);
    synchronize(step.parameters[0].device());
  };
}

// The most bytes that tensors take during a call, beyond those that live before and after it.
double peak(const Call& call, Device device) {
  call();
  const int64_t before = memory_stats(device).live_bytes;
  reset_peak_memory(device);
  call();
  return static_cast<double>(memory_stats(device).peak_bytes - before);
}

void hvp_ratio(const Settings& s, Device device) {
  manual_seed(1);
  std::vector<Tensor> w, v;
  for (const Shape& shape : {Shape{784, 512}, Shape{512, 512}, Shape{512, 10}}) {
    w.push_back(to(randn(shape) / 30, device).requires_grad_());
    v.push_back(to(randn(shape), device));
  }
  const Tensor x = to(rand({128, 784}), device), y = to(randint(0, 10, {128}), device);
  const FunctionN loss = [=](std::span<const Tensor> p) {
    return mean(softmax_cross_entropy(matmul(tanh(matmul(tanh(matmul(x, p[0])), p[1])), p[2]), y));
  };
  std::vector<Tensor> constants;
  for (const Tensor& t : w) constants.push_back(t.detach());
  tell_ratio(
      s, "hvp / gradient, MLP", [&] { hvp(loss, constants, v); }, [&] { grad(loss(w), w); });
}

}  // namespace

void run_higher_order(const Settings& s) {
  const Device device = parse_device(s.device);
  auto critic = [&](const CriticOptions& o) { return training(critic_step(device, o)); };
  const Call plain = critic({}), gp = critic({.penalty = true});
  const Call smooth = critic({.smooth = true}), smooth_gp = critic({.penalty = true, .smooth = true});
  tell_ratio(s, "WGAN-GP / critic step, LeakyReLU", gp, plain);
  tell_ratio(s, "WGAN-GP / critic step, SiLU", smooth_gp, smooth);
  tell_ratio(s, "WGAN-GP step, LayerNorm / none", critic({.penalty = true, .layer_norm = true}), gp);
  tell("WGAN-GP / critic step, peak memory", peak(gp, device) / peak(plain, device));
  tell("WGAN-GP / critic step, SiLU, peak memory", peak(smooth_gp, device) / peak(smooth, device));
  const Call exact = training(vat_step(device, Vat::exact));
  tell_ratio(s, "VAT / supervised step", exact, training(mlp_step(device)));
  tell_ratio(s, "VAT step, exact / finite differences", exact, training(vat_step(device, Vat::finite_differences)));
  hvp_ratio(s, device);
  tell_ratio(s, "Laplacian penalty / plain step", training(laplacian_step(device, true)),
             training(laplacian_step(device, false)));
}

}  // namespace gg::bench
