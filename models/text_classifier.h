// A small classifier of texts, from their characters on: embedding, convolutions over a few characters each, the
// largest answer of each, logits (Kim, arXiv:1408.5882). It can be entered at the embedded characters or with another
// table, which is where adversarial training of texts perturbs them.
#pragma once

#include <vector>

#include "nn/conv.h"
#include "nn/linear.h"
#include "nn/module.h"

namespace gg::models {

struct TextClassifierOptions {
  int64_t classes = 2;
  int64_t dim = 128;                        ///< of an embedded character
  int64_t filters = 128;                    ///< of each width
  std::vector<int64_t> widths = {3, 4, 5};  ///< characters that a filter sees
};

/// Characters int64 [N, T], 0 for padding, ↦ logits [N, classes]. T must be at least the largest width.
struct TextClassifier : nn::Module {
  /// `counts`: how often each character occurs (data::CharacterVocabulary::counts); its size is the vocabulary's.
  explicit TextClassifier(const std::vector<int64_t>& counts, const TextClassifierOptions& options = {});

  /// The embedding table [characters, dim] as it is used: of mean 0 and variance 1 in each dimension over the text
  /// (rows weighted by their counts). Without that a network could make perturbations of a fixed length meaningless by
  /// growing its embeddings (Miyato, Dai, Goodfellow, arXiv:1605.07725).
  Tensor table() const;
  /// Rows of a table: [N, T, dim]; padding is 0.
  Tensor embed(const Tensor& table, const Tensor& characters) const;
  /// 1 where there is a character and 0 where there is padding: [N, T, 1].
  Tensor mask(const Tensor& characters) const;
  /// Embedded characters [N, T, dim] ↦ logits.
  Tensor classify(const Tensor& embedded) const;
  Tensor operator()(const Tensor& characters) const { return classify(embed(table(), characters)); }

  TextClassifierOptions options;
  nn::Parameter embedding;
  nn::Buffer frequency;  ///< [characters, 1], sums to 1
  std::vector<nn::Conv1d> convolutions;
  nn::Linear out;
};

}  // namespace gg::models
