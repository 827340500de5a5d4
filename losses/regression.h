// Losses between a prediction and a target of the same shape and type. Shapes never broadcast here: a target [N] under
// a prediction [N, 1] would silently compare all pairs.
#pragma once

#include "losses/reduction.h"

namespace gg::losses {

struct LossOptions {
  Reduction reduction = Reduction::mean;  ///< none: the loss of each element; mean: over all elements; sum
};

/// (prediction − target)².
Tensor mse(const Tensor& prediction, const Tensor& target, const LossOptions& options = {});
/// |prediction − target|.
Tensor l1(const Tensor& prediction, const Tensor& target, const LossOptions& options = {});
/// −log N(target; prediction, sigma²) = (prediction − target)² / (2 sigma²) + log sigma + ½ log 2π, in nats per
/// element. In a VAE, 1 / (2 sigma²) is what other texts call 1/β.
Tensor gaussian_nll(const Tensor& prediction, const Tensor& target, double sigma, const LossOptions& options = {});

struct BceOptions {
  double pos_weight = 1;  ///< factor of the loss where the target is 1
  Reduction reduction = Reduction::mean;
};

/// Binary cross-entropy −t·log σ(x) − (1 − t)·log(1 − σ(x)) of logits x against targets t in [0, 1]. Computed from the
/// logits, so it neither overflows nor loses small losses. It is a likelihood only for targets that are 0 or 1.
Tensor bce_with_logits(const Tensor& logits, const Tensor& target, const BceOptions& options = {});

}  // namespace gg::losses
