// What the commands of this app share while they run: the images, the device, the trainer, and their principal
// components.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/common/app.h"
#include "apps/common/report.h"
#include "metrics/pca.h"
#include "models/autoencoder.h"
#include "train/fit.h"

namespace gg::apps {

/// Options of every command here.
struct DataOptions {
  std::int64_t train_images = 0;
  void declare(OptionSet& options);
};

/// Options of a network of two halves.
struct NetworkOptions {
  std::string network = "mlp";
  std::vector<std::int64_t> hidden = {512};
  std::int64_t code = 32;
  void declare(OptionSet& options, const std::string& prefix);
  models::AutoencoderOptions model(const Shape& image) const;
};

class Lab {
 public:
  /// Reads the images, then opens the run folder. Throws gg::Error.
  Lab(RunContext& context, const DataOptions& options);

  RunContext& context;
  Device device;
  Tensor train_images, train_labels;  ///< [n, channels, height, width] in [0, 1], int64 [n]; on the CPU
  Tensor test_images, test_labels;
  std::vector<std::string> class_names;
  std::string data_name;
  std::shared_ptr<const data::TensorDataset> train;  ///< images and labels

  train::Trainer& trainer() { return *trainer_; }
  std::uint64_t seed() const { return static_cast<std::uint64_t>(context.standard().seed); }
  /// A seed of its own for each purpose: Generator(lab.seed_for(Purpose)).
  std::uint64_t seed_for(std::uint64_t purpose) const { return data::sample_key(seed(), purpose, 0); }
  Shape image_shape() const { return train_images.shape().part(1, 4); }
  std::int64_t pixels() const { return image_shape().numel(); }
  std::int64_t classes() const { return static_cast<std::int64_t>(class_names.size()); }
  /// Principal components of the clean training images; computed at the first call.
  const metrics::Pca& pca();
  /// Numbers of test images to show: one of each class, in turn, `count` of them.
  std::vector<std::int64_t> examples(std::int64_t count) const;

 private:
  std::unique_ptr<train::Trainer> trainer_;
  std::optional<metrics::Pca> pca_;
};

/// Purposes for Lab::seed_for.
enum Purpose : std::uint64_t {
  kAeWeights = 1,
  kDenoisingWeights,
  kDenoisingNoise,
  kDenoisingTestNoise,
  kVaeWeights,
  kPlaneWeights,
  kVaeEvaluation,
  kVaeSamples,
  kClassifierWeights,
  kPcaSamples,
};

/// fn on slices of x of 500 rows, results joined, on the CPU. Nothing is recorded.
Tensor in_batches(const Tensor& x, Device device, const std::function<Tensor(const Tensor&)>& fn);

/// Mean over images of the summed squared error.
double mean_sse(const Tensor& a, const Tensor& b);

/// Rows of x with these numbers.
Tensor rows_of(const Tensor& x, const std::vector<std::int64_t>& rows);

}  // namespace gg::apps
