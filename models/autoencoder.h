// Autoencoder: an encoder that turns an image into a short code, and a decoder that turns the code into an image again.
// The two halves are made by functions of their own, because the variational autoencoder (models/vae.h) is made of the
// same.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "nn/sequential.h"

namespace gg::models {

/// mlp: layers that see all pixels at once. conv: convolutions with stride 2 down, transposed ones up.
enum class Network { mlp, conv };

/// "mlp", "conv".
std::string to_string(Network network);
/// The reverse; throws on any other text.
Network parse_network(std::string_view text);

struct AutoencoderOptions {
  Network network = Network::mlp;
  Shape image = {1, 28, 28};  ///< [channels, height, width]
  /// Widths of the encoder's hidden layers, or channels of its convolutions; the decoder has them in reverse. Each
  /// convolution halves height and width, which must be divisible as often. Empty for mlp: a linear encoder.
  std::vector<int64_t> hidden = {512, 256};
  int64_t code = 32;  ///< numbers in the code
};

/// Images [N, channels, height, width] ↦ [N, outputs], with SiLU between the layers and nothing after the last.
nn::Sequential make_encoder(const AutoencoderOptions& options, int64_t outputs);
/// Codes [N, options.code] ↦ images in (0, 1), by a sigmoid at the end.
nn::Sequential make_decoder(const AutoencoderOptions& options);

struct Autoencoder : nn::Module {
  explicit Autoencoder(const AutoencoderOptions& options);
  Tensor encode(const Tensor& x) const { return encoder(x); }        ///< [N, ...image] ↦ [N, code]
  Tensor decode(const Tensor& code) const { return decoder(code); }  ///< [N, code] ↦ [N, ...image] in (0, 1)
  Tensor operator()(const Tensor& x) const { return decode(encode(x)); }

  AutoencoderOptions options;
  nn::Sequential encoder, decoder;
};

}  // namespace gg::models
