// Layers whose weight is made of other numbers (ops/weight_norm.h), around any layer that has a weight:
//
//   nn::SpectralNorm critic_layer(nn::Conv2d(3, 64, 4, {.stride = 2}));      // a Lipschitz constant of about one
//   nn::WeightNorm hidden(nn::Linear(784, 256));
//
// The layers are Linear, Conv1d, Conv2d, ConvTranspose1d and ConvTranspose2d, and any other that is a WeightedLayer.
// The numbers of the layer are copied, and what is frozen stays so; afterwards neither sees what becomes of the
// other's. These are torch.nn.utils.spectral_norm and weight_norm (not the newer torch.nn.utils.parametrizations), and
// the names in state dicts are theirs: weight_orig, weight_u, weight_v and weight_g, weight_v; bias stays bias.
#pragma once

#include "nn/conv.h"
#include "nn/linear.h"
#include "nn/module.h"
#include "nn/norm.h"
#include "ops/shape.h"
#include "ops/weight_norm.h"

namespace gg::nn {

/// A layer that can be called with another weight and bias than its own: its `run(x, weight, bias)`.
template <class L>
concept WeightedLayer = std::derived_from<L, Module> && requires(const L& layer, const Tensor& t) {
  { layer.run(t, t, t) } -> std::same_as<Tensor>;
  { L::kOutputAxis } -> std::convertible_to<int>;
};

namespace detail {
/// A parameter of `m` with the numbers of another layer's, frozen if that is.
Registered<Parameter> register_copy(Module& m, const char* name, const Parameter& of);
/// Random vectors after 15 steps.
SingularVectors first_singular_vectors(const Tensor& w, int axis, double eps);
void follow_singular_vectors(const Tensor& w, const Tensor& u, const Tensor& v, const PowerIterationOptions& options);
}  // namespace detail

struct SpectralNormOptions {
  int power_iterations = 1;  ///< in each forward pass of training
  double eps = 1e-12;
};

/// `layer` with its weight divided by an estimate of its largest singular value, which follows the weight by power
/// iteration in every forward pass in training, except under KeepStatistics, and stays in evaluation
/// (arXiv:1802.05957).
template <WeightedLayer L>
struct SpectralNorm : Module {
  explicit SpectralNorm(const L& layer, const SpectralNormOptions& o = {})
      : Module(str("SpectralNorm(", layer.description(), ")")), options(o), layer_(layer) {
    GG_CHECK(o.power_iterations >= 0, description(), ": the number of power iterations must not be negative");
    weight_orig = detail::register_copy(*this, "weight_orig", layer.weight);
    if (layer.bias.defined()) bias = detail::register_copy(*this, "bias", layer.bias);
    const SingularVectors s = detail::first_singular_vectors(weight_orig, L::kOutputAxis, o.eps);
    weight_u = register_buffer("weight_u", s.u);
    weight_v = register_buffer("weight_v", s.v);
  }
  Tensor operator()(const Tensor& x) const {
    if (training() && !KeepStatistics::active()) {
      detail::follow_singular_vectors(weight_orig, weight_u, weight_v,
                                      {.steps = options.power_iterations, .eps = options.eps, .axis = L::kOutputAxis});
    }
    return layer_.run(x, weight(), bias);
  }
  /// What the layer is called with.
  Tensor weight() const {
    // Copies: the next forward pass writes into the buffers, and a gradient of this one may still be wanted.
    return spectral_norm(weight_orig, {clone(weight_u), clone(weight_v)}, L::kOutputAxis);
  }

  Parameter weight_orig, bias;  ///< bias undefined where the layer has none
  Buffer weight_u, weight_v;    ///< [rows] and [columns] of the weight as a matrix
  SpectralNormOptions options;

 private:
  L layer_;  ///< for its run; its own weight and bias are not used
};

struct WeightNormOptions {
  int axis = 0;  ///< of the weight, whose entries have a length each
};

/// `layer` with its weight as lengths and directions: weight_g · weight_v / ‖weight_v‖, at first the layer's weight
/// (arXiv:1602.07868). There is one length for each entry of axis 0, as in PyTorch: for each output, but for each input
/// of a transposed convolution, whose outputs (without groups) are axis 1.
template <WeightedLayer L>
struct WeightNorm : Module {
  explicit WeightNorm(const L& layer, const WeightNormOptions& o = {})
      : Module(str("WeightNorm(", layer.description(), ")")), options(o), layer_(layer) {
    weight_g = register_parameter("weight_g", norm_except(layer.weight.detach(), o.axis));
    weight_g.requires_grad_(layer.weight.requires_grad());
    weight_v = detail::register_copy(*this, "weight_v", layer.weight);
    if (layer.bias.defined()) bias = detail::register_copy(*this, "bias", layer.bias);
  }
  Tensor operator()(const Tensor& x) const { return layer_.run(x, weight(), bias); }
  /// What the layer is called with.
  Tensor weight() const { return weight_norm(weight_v, weight_g, options.axis); }

  Parameter weight_g;  ///< the weight's shape with 1 on all axes but options.axis
  Parameter weight_v, bias;
  WeightNormOptions options;

 private:
  L layer_;
};

}  // namespace gg::nn
