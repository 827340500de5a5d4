// Noise as a regulariser: on inputs and hidden layers, on labels, on weights, added or multiplied; and losses averaged
// over several draws. A model that must be right beside its samples, too, cannot lean on their every detail. For
// squared errors, noise of variance σ² on the input of a linear model is ridge regression with the weight σ² (Bishop
// 1995, "Training with noise is equivalent to Tikhonov regularization"). Noise as layers: nn/dropout.h; moved and
// scaled images: augment.h; what noise does on average, without drawing it: gradient_penalty.h.
//
//   logits = model(losses::additive_noise(x, {.std = 0.1}));
//
// Apply it in training only.
#pragma once

#include <functional>
#include <vector>

#include "autograd/functional/transforms.h"
#include "core/generator.h"
#include "losses/reduction.h"
#include "nn/module.h"

namespace gg::losses {

enum class NoiseKind {
  gaussian,
  uniform,    ///< on ±√3·std
  bernoulli,  ///< multiplied only: 0 or 1 / (1 − p), p = std² / (1 + std²), which is dropout
};

struct NoiseOptions {
  double std = 0.1;  ///< of each element, in units of x; relative to it where the noise is multiplied
  NoiseKind kind = NoiseKind::gaussian;
};

/// x + noise of mean 0 and the given deviation, for each element. Targets of a regression may be x, too.
Tensor additive_noise(const Tensor& x, const NoiseOptions& options = {}, Generator& generator = default_generator());

/// x·(1 + noise), noise of mean 0 and the given deviation. Dropout with probability ½ has deviation 1 (bernoulli), and
/// twice a uniform number of [0, 1) has 1/√3 (uniform).
Tensor multiplicative_noise(const Tensor& x, const NoiseOptions& options = {},
                            Generator& generator = default_generator());

/// Each of the targets (int64 [N]) replaced by a uniformly random one of all classes with probability `share`. The
/// expected cross-entropy is that of label smoothing with ε = share.
Tensor noisy_labels(const Tensor& target, int64_t classes, double share, Generator& generator = default_generator());

struct NoisyLossOptions {
  NoiseOptions noise = {};
  int64_t samples = 1;  ///< draws of the noise that are averaged; time is proportional to it
  Reduction reduction = Reduction::mean;
};

/// The loss of x + noise, averaged over independent draws: (1/k) Σ loss(x + ε_i). `loss` maps inputs [N, ...] to one
/// loss for each sample, [N]. Each draw is a pass of its own, so batch norm sees k batches.
Tensor noisy_loss(const Function& loss, const Tensor& x, const NoisyLossOptions& options = {},
                  Generator& generator = default_generator());

/// Parameters that are somewhere else while this lives: each is written over by itself plus its delta, and by a copy of
/// what it was in the end. So it is the same to the bit afterwards (w + d − d is not), also after an exception.
///
///   {
///     losses::Perturbed noise = losses::weight_noise(model, {.std = 0.01});
///     loss(model).backward();   // the gradient at the perturbed weights
///   }
///   optimizer.step();           // a step from where they were
///
/// Walk the graph while it lives: afterwards the saved weights have changed, which the engine notices and refuses.
/// Do not step an optimiser in its life; that would be undone.
class Perturbed {
 public:
  /// `deltas` are of the parameters' shapes, types and devices; an undefined one leaves its parameter alone.
  Perturbed(std::vector<Tensor> parameters, const std::vector<Tensor>& deltas);
  ~Perturbed();
  Perturbed(const Perturbed&) = delete;
  Perturbed& operator=(const Perturbed&) = delete;

 private:
  std::vector<Tensor> parameters_, before_;
};

struct WeightNoiseOptions {
  double std = 0.01;  ///< of each weight
  NoiseKind kind = NoiseKind::gaussian;
  bool relative = false;  ///< std in units of the weight itself, w·(1 + noise)
};

/// Noise on all parameters of `module` that require grad, for as long as the result lives.
[[nodiscard]] Perturbed weight_noise(const nn::Module& module, const WeightNoiseOptions& options = {},
                                     Generator& generator = default_generator());

}  // namespace gg::losses
