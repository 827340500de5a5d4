// Short trainings as apps do them, on any device and in float32 or float64: what is compared of them, and how.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "core/generator.h"
#include "tests/parity/parity.h"

namespace gg::parity {

/// All that a training leaves behind: the losses and norms of each step, then the state of models and optimisers, and
/// of the default generator.
struct Trace {
  std::vector<std::vector<double>> steps;
  TensorMap state;
  Generator::State generator{};
};

/// Losses relative to themselves, each step; states relative to the largest number of each tensor.
struct Tolerance {
  double losses = 0, state = 0;
};

/// Names the first step that differs, and every tensor.
Findings compare(const Trace& there, const Trace& here, const Tolerance& tolerance);

class Training {
 public:
  virtual ~Training() = default;
  /// One step of all optimisers. Returns its losses and norms.
  virtual std::vector<double> step() = 0;
  /// Parameters, buffers, and the optimisers' state, under names of their own. Shares memory with them.
  virtual TensorMap state() const = 0;
  /// Saves all of it as one file, to go on from on any device.
  virtual void save(const std::filesystem::path& file) const = 0;
  virtual void load(const std::filesystem::path& file) = 0;
};

struct Place {
  Device device;
  DType dtype = f32;
};

/// Draws its weights after seeding, so two trainings are the same from the beginning.
using Make = std::function<std::unique_ptr<Training>(const Place&)>;

/// A variational autoencoder of linear layers or of convolutions: loader with noise, AdamW, clipping, cosine.
std::unique_ptr<Training> make_vae(const Place& place);
std::unique_ptr<Training> make_convolutional_vae(const Place& place);
/// WGAN-GP (Gulrajani et al. 2017) of linear layers: three critic steps, with a penalty on the norm of the gradient by
/// double backward, for each of the generator's; Adam each.
std::unique_ptr<Training> make_wgan_gp(const Place& place);
/// A convolutional classifier with batch norm, dropout and pooling, by SGD with Nesterov momentum.
std::unique_ptr<Training> make_classifier(const Place& place);

/// Seeds, makes, and does `steps` steps. `before_step` may meddle.
Trace run(const Make& make, const Place& place, int steps,
          const std::function<void(int step, Training&)>& before_step = nullptr);

}  // namespace gg::parity
