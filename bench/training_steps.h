// Training steps as a user writes them: forward, backward and AdamW. The benchmark times them, tests count what they
// launch.
#pragma once

#include <functional>
#include <vector>

#include "core/tensor.h"
#include "optim/optim.h"

namespace gg::bench {

/// A network with a batch of 128 on a device.
struct TrainingStep {
  std::vector<Tensor> parameters;
  std::function<Tensor()> loss;
};

/// 784-512-512-10, ReLU, cross-entropy.
TrainingStep mlp_step(Device device);
/// An autoencoder of two convolutions and two transposed ones for 28x28 images.
TrainingStep conv_step(Device device);
/// A variational autoencoder 784-400-20-400-784 with Bernoulli pixels.
TrainingStep vae_step(Device device);

/// One step of training.
void run(const TrainingStep& step, optim::Optimizer& optimizer);

}  // namespace gg::bench
