// Initial values of parameters. The functions with a trailing underscore fill a tensor in place, unrecorded, and draw
// from the default generator (manual_seed) in the order in which they are called.
//
// fan_in and fan_out of a weight [out, in, ...] are in and out times the size of the trailing axes.
#pragma once

#include "core/tensor.h"

namespace gg::nn::init {

enum class Fan { in, out };

struct KaimingOptions {
  double negative_slope = 0;  ///< of the leaky ReLU that follows: gain = sqrt(2 / (1 + slope²)); 0 is ReLU
  Fan fan = Fan::in;          ///< in keeps the variance of the forward pass, out that of the backward pass
};

void zeros_(const Tensor& t);
void ones_(const Tensor& t);
void constant_(const Tensor& t, double value);
void uniform_(const Tensor& t, double low, double high);
void normal_(const Tensor& t, double mean, double std);

/// Uniform in ±gain·sqrt(3 / fan) (He et al. 2015).
void kaiming_uniform_(const Tensor& weight, const KaimingOptions& options = {});
/// Normal with deviation gain / sqrt(fan).
void kaiming_normal_(const Tensor& weight, const KaimingOptions& options = {});
/// Uniform in ±gain·sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio 2010).
void xavier_uniform_(const Tensor& weight, double gain = 1);
/// Normal with deviation gain·sqrt(2 / (fan_in + fan_out)).
void xavier_normal_(const Tensor& weight, double gain = 1);

/// PyTorch's choice for linear and convolution layers: weight and bias uniform in ±1/sqrt(fan_in). `bias` may be
/// undefined.
void default_(const Tensor& weight, const Tensor& bias);

}  // namespace gg::nn::init
