// The texts of `generalization vat-text`: a file of reviews, a draw of few labelled and many unlabelled ones, and one
// training of two alternating optimisers.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "apps/generalization/lab.h"
#include "data/text.h"
#include "models/text_classifier.h"

namespace gg::apps {

struct TextOptions {
  std::int64_t labels = 200;
  std::int64_t validation = 1000;
  std::int64_t test = 2000;
  std::int64_t length = 48;
  std::int64_t least = 5;
  std::int64_t replicates = 5;
  std::int64_t steps = 300;
  std::int64_t evaluate_every = 50;
  std::int64_t batch = 32;
  std::int64_t dim = 128;
  std::int64_t filters = 64;
  std::vector<std::int64_t> widths = {1, 2, 3};
  double lr = 1e-3;
  double unlabelled_lr = 5e-4;
  void declare(OptionSet& options);
};

/// All texts, read once.
struct Texts {
  data::LabelledTexts read;
  data::CharacterVocabulary vocabulary;
  std::string name;   ///< of the file
  Tensor characters;  ///< int64 [n, length]
  Tensor labels;      ///< int64 [n]
};

/// `--data`, else reviews.tsv in the folder that GG_DATA names. Throws gg::Error that says how to get it.
Texts read_texts(const Lab& lab, const TextOptions& options);

/// One draw of the texts, in the manner of Split: no text is in two of the first three; the labelled ones are among the
/// unlabelled, too, without their labels.
struct TextSplit {
  Tensor x, y, x_validation, y_validation, x_test, y_test, unlabelled;
};
TextSplit draw_texts(const Texts& texts, const TextOptions& options, std::uint64_t seed);

/// The loss of an unlabelled batch of characters; nullptr: supervised training alone.
using TextObjective = std::function<Tensor(const models::TextClassifier&, const Tensor&)>;

models::TextClassifier make_text_network(const Lab& lab, const Texts& texts, const TextOptions& options,
                                         std::int64_t replicate);

/// Trains and keeps the weights of the best validation accuracy: scores as train_network's, "validation_curve", and
/// "best_step". A step is one of Adam on a labelled batch, then one of a second Adam, over the same parameters, on an
/// unlabelled one: two optimisers with two states, as the document's two models that share their weights have.
Json train_text_network(const Lab& lab, const models::TextClassifier& model, const TextSplit& split,
                        const TextOptions& options, const TextObjective& unlabelled, std::int64_t replicate);

}  // namespace gg::apps
