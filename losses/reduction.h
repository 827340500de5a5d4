// How losses become one number. Two conventions meet in a variational autoencoder: networks like means, an ELBO is a
// sum over pixels and latent dimensions and a mean over the batch. Mixing a mean over pixels with a sum over latents
// changes the weight of the KL term by the number of pixels; take Reduction::none and mean_over_batch for both.
#pragma once

#include "core/tensor.h"

namespace gg::losses {

enum class Reduction { none, mean, sum };

/// loss itself, its mean over all elements, or its sum.
Tensor reduce(const Tensor& loss, Reduction reduction);

/// Sums all axes but the first: [N, ...] ↦ [N].
Tensor sum_per_sample(const Tensor& loss);

/// The sum over all elements divided by the size of the first axis: [N, ...] ↦ [].
Tensor mean_over_batch(const Tensor& loss);

}  // namespace gg::losses
