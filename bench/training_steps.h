// Training steps as a user writes them: forward, backward and an optimiser. The benchmark times them, tests count what
// they launch.
#pragma once

#include <functional>
#include <vector>

#include "core/tensor.h"
#include "optim/optim.h"

namespace gg::bench {

/// A network with a batch on a device.
struct TrainingStep {
  std::vector<Tensor> parameters;
  std::function<Tensor()> loss;
};

// Batches of 128, but where it says otherwise.

/// 784-512-512-10, ReLU, cross-entropy.
TrainingStep mlp_step(Device device);
/// An autoencoder of two convolutions and two transposed ones for 28x28 images.
TrainingStep conv_step(Device device);
/// A variational autoencoder 784-400-20-400-784 with Bernoulli pixels.
TrainingStep vae_step(Device device);

/// 2-16-16-1, ReLU, mean squared error, batch 16: what a step costs beside its arithmetic.
TrainingStep tiny_mlp_step(Device device);

struct CriticOptions {
  bool penalty = false;     ///< of the gradient (WGAN-GP, arXiv:1704.00028)
  bool smooth = false;      ///< SiLU instead of LeakyReLU
  bool layer_norm = false;  ///< before each activation
};
/// The critic of a GAN for 28x28 images, two convolutions and a linear layer, on 64 real images and 64 made by a
/// generator of two transposed convolutions.
TrainingStep critic_step(Device device, const CriticOptions& options = {});
/// The generator of that GAN.
TrainingStep generator_step(Device device);

/// The MLP above with virtual adversarial training (arXiv:1704.03976), one power iteration.
enum class Vat { exact, finite_differences };
TrainingStep vat_step(Device device, Vat how);

/// The head of a face-recognition network: 512 features against `classes` (ArcFace, arXiv:1801.07698; for SGD).
TrainingStep arcface_step(Device device, int64_t classes);

/// Not a step: the Laplacian of the cross-entropy of 784-128-128-10 with tanh, for each of `samples` inputs.
std::function<Tensor()> laplacian(Device device, int64_t samples);

/// 784-256-10 with tanh; its loss with the exact Laplacian as a penalty, or without.
TrainingStep laplacian_step(Device device, bool penalty);

/// One step of training.
void run(const TrainingStep& step, optim::Optimizer& optimizer);

}  // namespace gg::bench
