// A small classifier of images: good enough to say what generated ones look like.
#pragma once

#include <vector>

#include "nn/sequential.h"

namespace gg::models {

struct ClassifierOptions {
  Shape image = {1, 28, 28};  ///< [channels, height, width]
  int64_t classes = 10;
  std::vector<int64_t> hidden = {256, 128};
  double dropout = 0.1;  ///< after each hidden layer, in training
};

/// Images [N, ...image] ↦ logits [N, classes].
struct Classifier : nn::Module {
  explicit Classifier(const ClassifierOptions& options);
  Tensor operator()(const Tensor& x) const { return layers(x); }

  ClassifierOptions options;
  nn::Sequential layers;
};

}  // namespace gg::models
