// Dropout and other noise as layers: in training only; in evaluation each gives x itself. They draw from the default
// generator.
#pragma once

#include "nn/module.h"
#include "ops/dropout.h"

namespace gg::nn {

/// What the layers share whose noise has a probability.
struct DropoutBase : Module {
  DropoutBase(const char* name, double probability) : Module(str(name, "(", probability, ")")), p(probability) {
    GG_CHECK(p >= 0 && p < 1, name, ": the probability must be in [0, 1), got ", p);
  }
  double p;
};

/// Elements become 0 with probability p, the others x / (1 − p).
struct Dropout : DropoutBase {
  explicit Dropout(double probability = 0.5) : DropoutBase("Dropout", probability) {}
  Tensor operator()(const Tensor& x) const { return dropout(x, p, training()); }
};

/// The same of whole channels of x [N, C, L].
struct Dropout1d : DropoutBase {
  explicit Dropout1d(double probability = 0.5) : DropoutBase("Dropout1d", probability) {}
  Tensor operator()(const Tensor& x) const { return dropout1d(x, p, training()); }
};

/// The same of whole channels of images [N, C, H, W].
struct Dropout2d : DropoutBase {
  explicit Dropout2d(double probability = 0.5) : DropoutBase("Dropout2d", probability) {}
  Tensor operator()(const Tensor& x) const { return dropout2d(x, p, training()); }
};

/// The same of whole channels of volumes [N, C, D, H, W].
struct Dropout3d : DropoutBase {
  explicit Dropout3d(double probability = 0.5) : DropoutBase("Dropout3d", probability) {}
  Tensor operator()(const Tensor& x) const { return dropout3d(x, p, training()); }
};

/// What the layers share whose noise has a width.
struct NoiseBase : Module {
  NoiseBase(const char* name, double size) : Module(str(name, "(", size, ")")), width(size) {
    GG_CHECK(width >= 0, name, ": the width of the noise must not be negative, got ", width);
  }
  double width;
};

/// x·(1 + u), u uniform in [−width, width).
struct UniformDropout : NoiseBase {
  explicit UniformDropout(double size = 1) : NoiseBase("UniformDropout", size) {}
  Tensor operator()(const Tensor& x) const { return uniform_dropout(x, width, training()); }
};

/// x·(1 + std·n), n standard normal.
struct GaussianDropout : NoiseBase {
  explicit GaussianDropout(double std) : NoiseBase("GaussianDropout", std) {}
  Tensor operator()(const Tensor& x) const { return gaussian_dropout(x, width, training()); }
};

/// x + std·n, n standard normal.
struct GaussianNoise : NoiseBase {
  explicit GaussianNoise(double std) : NoiseBase("GaussianNoise", std) {}
  Tensor operator()(const Tensor& x) const { return gaussian_noise(x, width, training()); }
};

}  // namespace gg::nn
