// Kullback-Leibler terms of variational autoencoders, in nats, with log-variances as networks predict them.
#pragma once

#include "losses/reduction.h"

namespace gg::losses {

/// KL(N(mu, exp(logvar)) ‖ N(0, 1)) of each latent: ½ (mu² + exp(logvar) − 1 − logvar), for mu and logvar of one shape
/// [N, d]. The others are sums and means of this one. Clamp logvar, to [−20, 20] say, before exp overflows.
Tensor kl_normal_standard_elements(const Tensor& mu, const Tensor& logvar);

/// Summed over the latents of each sample: [N, ...] ↦ [N]. Its mean is the KL term of an ELBO.
Tensor kl_normal_standard(const Tensor& mu, const Tensor& logvar);

/// Meaned over the batch, for each latent dimension: [N, d] ↦ [d]. Dimensions at 0 carry nothing.
Tensor kl_normal_standard_per_dimension(const Tensor& mu, const Tensor& logvar);

/// KL(N(mu_q, exp(logvar_q)) ‖ N(mu_p, exp(logvar_p))) of each sample: [N, ...] ↦ [N].
Tensor kl_normal(const Tensor& mu_q, const Tensor& logvar_q, const Tensor& mu_p, const Tensor& logvar_p);

/// mu + exp(½ logvar)·noise: a sample of N(mu, exp(logvar)) through which gradients flow (Kingma and Welling 2014).
/// `noise` is standard normal of the same shape.
Tensor reparameterize(const Tensor& mu, const Tensor& logvar, const Tensor& noise);

}  // namespace gg::losses
