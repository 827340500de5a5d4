#include "models/text_classifier.h"

#include <numeric>

#include "ops/ops.h"

namespace gg::models {
namespace {

Tensor frequencies(const std::vector<int64_t>& counts) {
  const double total = static_cast<double>(std::accumulate(counts.begin(), counts.end(), int64_t{0}));
  GG_CHECK(counts.size() >= 2 && total > 0, "TextClassifier: there are no characters to tell apart");
  std::vector<float> shares;
  for (const int64_t count : counts) shares.push_back(static_cast<float>(static_cast<double>(count) / total));
  return from_vector(shares, {static_cast<int64_t>(shares.size()), 1});
}

}  // namespace

TextClassifier::TextClassifier(const std::vector<int64_t>& counts, const TextClassifierOptions& o)
    : Module("TextClassifier"),
      options(o),
      out(register_module("out", nn::Linear(o.filters * static_cast<int64_t>(o.widths.size()), o.classes))) {
  embedding = register_parameter("embedding", randn({static_cast<int64_t>(counts.size()), o.dim}));
  frequency = register_buffer("frequency", frequencies(counts));
  for (const int64_t width : o.widths) {
    convolutions.push_back(register_module(str("conv", width), nn::Conv1d(o.dim, o.filters, width)));
  }
}

Tensor TextClassifier::table() const {
  const Tensor centred = embedding - sum(embedding * frequency, 0, {.keepdim = true});
  return centred * rsqrt(sum(square(centred) * frequency, 0, {.keepdim = true}) + 1e-6);
}

Tensor TextClassifier::mask(const Tensor& characters) const {
  return unsqueeze(gg::to(ne(characters, zeros_like(characters)), embedding.dtype()), 2);
}

Tensor TextClassifier::embed(const Tensor& table, const Tensor& characters) const {
  return gg::embedding(table, characters) * mask(characters);
}

Tensor TextClassifier::classify(const Tensor& embedded) const {
  const Tensor channels = transpose(embedded, 1, 2);
  std::vector<Tensor> largest;
  for (const nn::Conv1d& convolution : convolutions) largest.push_back(max(relu(convolution(channels)), 2));
  return out(concat(largest, 1));
}

}  // namespace gg::models
