// A small classifier of images or of plain numbers: convolutions where asked for, hidden layers, logits.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "nn/sequential.h"

namespace gg::models {

enum class Activation { silu, relu, tanh, softplus };

/// Throws on any other text than the names above.
Activation parse_activation(std::string_view text);

struct ClassifierOptions {
  Shape image = {1, 28, 28};  ///< of a sample: [channels, height, width], or [features] without convolutions
  int64_t classes = 10;
  std::vector<int64_t> hidden = {256, 128};
  double dropout = 0.1;                ///< after each hidden layer, in training
  std::vector<int64_t> channels = {};  ///< of 3 × 3 convolutions of stride 2 before the hidden layers
  Activation activation = Activation::silu;
};

/// Samples [N, ...image] ↦ logits [N, classes].
struct Classifier : nn::Module {
  explicit Classifier(const ClassifierOptions& options);
  Tensor operator()(const Tensor& x) const { return layers(x); }
  /// The same with `change` applied to the output of each hidden layer (after its activation and dropout) and of each
  /// convolution: noise, or a look at what is there. `change` must keep the shape.
  Tensor with_hidden(const Tensor& x, const std::function<Tensor(const Tensor&)>& change) const;

  ClassifierOptions options;
  std::vector<size_t> hidden_ends;  ///< numbers of the layers whose outputs those are
  nn::Sequential layers;
};

}  // namespace gg::models
