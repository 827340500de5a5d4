// Vae: an autoencoder whose encoder gives a distribution of codes, q(z|x) = N(mu, exp(logvar)), one variance for each
// number of the code (Kingma and Welling 2014). Its loss is made of losses/kl.h and losses/regression.h; the walk
// through it is apps/autoencoders/vae.cpp.
#pragma once

#include "models/autoencoder.h"

namespace gg::models {

struct Posterior {
  Tensor mu;      ///< [N, code]
  Tensor logvar;  ///< [N, code], logarithm of the variance, limited to [−20, 20] so that exp cannot overflow
};

struct Vae : nn::Module {
  explicit Vae(const AutoencoderOptions& options);
  Posterior encode(const Tensor& x) const;                           ///< [N, ...image]
  Tensor decode(const Tensor& code) const { return decoder(code); }  ///< [N, code] ↦ mean of p(x|z), in (0, 1)

  AutoencoderOptions options;
  nn::Sequential encoder, decoder;
};

}  // namespace gg::models
