#include "models/vae.h"

#include "ops/elementwise.h"
#include "ops/shape.h"

namespace gg::models {

Vae::Vae(const AutoencoderOptions& o)
    : Module("Vae"),
      options(o),
      encoder(register_module("encoder", make_encoder(o, 2 * o.code))),
      decoder(register_module("decoder", make_decoder(o))) {}

Posterior Vae::encode(const Tensor& x) const {
  Tensor both = encoder(x);
  return {slice(both, 1, 0, options.code), clamp(slice(both, 1, options.code, 2 * options.code), -20, 20)};
}

}  // namespace gg::models
