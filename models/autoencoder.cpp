#include "models/autoencoder.h"

#include "nn/activation.h"
#include "nn/conv.h"
#include "nn/linear.h"
#include "nn/shape.h"

namespace gg::models {
namespace {

void check(const AutoencoderOptions& o) {
  GG_CHECK(o.image.rank() == 3 && o.image.numel() > 0, "autoencoder: expected images [channels, height, width], got ",
           o.image);
  GG_CHECK(o.code >= 1, "autoencoder: the code needs at least one number, got ", o.code);
  for (int64_t width : o.hidden) GG_CHECK(width >= 1, "autoencoder: a hidden layer of ", width, " units");
  if (o.network == Network::mlp) return;
  GG_CHECK(!o.hidden.empty() && o.hidden.size() < 16, "autoencoder: expected 1 to 15 convolutions, got ",
           o.hidden.size());
  int64_t factor = int64_t{1} << o.hidden.size();
  GG_CHECK(o.image[1] % factor == 0 && o.image[2] % factor == 0, "autoencoder: ", o.hidden.size(),
           " convolutions of stride 2 need a height and width divisible by ", factor, ", got images ", o.image,
           ". Take fewer, or the mlp");
}

/// What the last convolution of the encoder gives for one image.
Shape smallest(const AutoencoderOptions& o) {
  int64_t factor = int64_t{1} << o.hidden.size();
  return {o.hidden.back(), o.image[1] / factor, o.image[2] / factor};
}

}  // namespace

std::string to_string(Network network) { return network == Network::mlp ? "mlp" : "conv"; }

Network parse_network(std::string_view text) {
  if (text == "mlp") return Network::mlp;
  GG_CHECK(text == "conv", "network: expected mlp or conv, got \"", text, "\"");
  return Network::conv;
}

nn::Sequential make_encoder(const AutoencoderOptions& o, int64_t outputs) {
  check(o);
  nn::Sequential net;
  if (o.network == Network::mlp) {
    net.add(nn::Flatten());
    int64_t in = o.image.numel();
    for (int64_t width : o.hidden) {
      net.add(nn::Linear(in, width)).add(nn::SiLU());
      in = width;
    }
    return net.add(nn::Linear(in, outputs));
  }
  int64_t in = o.image[0];
  for (int64_t channels : o.hidden) {
    net.add(nn::Conv2d(in, channels, 3, {.stride = 2, .padding = 1})).add(nn::SiLU());
    in = channels;
  }
  return net.add(nn::Flatten()).add(nn::Linear(smallest(o).numel(), outputs));
}

nn::Sequential make_decoder(const AutoencoderOptions& o) {
  check(o);
  nn::Sequential net;
  if (o.network == Network::mlp) {
    int64_t in = o.code;
    for (size_t i = o.hidden.size(); i-- > 0;) {
      net.add(nn::Linear(in, o.hidden[i])).add(nn::SiLU());
      in = o.hidden[i];
    }
    return net.add(nn::Linear(in, o.image.numel())).add(nn::Unflatten(o.image)).add(nn::Sigmoid());
  }
  Shape small = smallest(o);
  net.add(nn::Linear(o.code, small.numel())).add(nn::SiLU()).add(nn::Unflatten(small));
  for (size_t i = o.hidden.size(); i-- > 0;) {
    int64_t out = i > 0 ? o.hidden[i - 1] : o.image[0];
    // A kernel of 4 covers each pixel equally often at stride 2; one of 3 would leave a checkerboard.
    net.add(nn::ConvTranspose2d(o.hidden[i], out, 4, {.stride = 2, .padding = 1}));
    if (i > 0) net.add(nn::SiLU());
  }
  return net.add(nn::Sigmoid());
}

Autoencoder::Autoencoder(const AutoencoderOptions& o)
    : Module("Autoencoder"),
      options(o),
      encoder(register_module("encoder", make_encoder(o, o.code))),
      decoder(register_module("decoder", make_decoder(o))) {}

}  // namespace gg::models
