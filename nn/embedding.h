// Embedding: a table of rows looked up by index.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "nn/module.h"

namespace gg::nn {

struct EmbeddingOptions {
  /// A row that stands for nothing: it starts at 0 and its gradient is 0. Negative ones count from the end.
  std::optional<int64_t> padding_idx = {};
  /// In training the table itself has no gradient; each pass notes the rows it read, and their gradient, in touched().
  /// optim::SparseAdam updates those rows and no others, so a step costs nothing for the rest of the table.
  bool sparse = false;
};

/// Numbers each once, ascending, and where each of the numbers asked for stands among them.
struct DistinctRows {
  std::vector<int64_t> rows, places;
};
DistinctRows distinct_rows(const std::vector<int64_t>& asked);

/// Rows of a table that one pass read.
struct TouchedRows {
  Tensor rows;    ///< int64 [r], ascending, each once
  Tensor values;  ///< [r, dim]: the rows as the pass read them, a leaf; after backward() its grad() is their gradient
};

/// Rows of a table by int64 index: index of any shape ↦ [...index.shape, dim]. Initialised standard normal.
///
/// Where `sparse`, passes recorded in training mode differentiate with respect to touched().back().values instead of
/// `weight`: gradients of any order, such as penalties on gradients, exist there, and there only. `weight` is a
/// constant of such a pass: grad(…) by it gives zeros, and optimisers other than SparseAdam leave it alone. The index
/// is read on the host. Passes in evaluation mode, and in forward mode with a tangent of `weight`, are as without
/// `sparse`.
struct Embedding : Module {
  Embedding(int64_t num_embeddings, int64_t dim, const EmbeddingOptions& options = {});
  Tensor operator()(const Tensor& index) const;

  /// Of the passes since clear_touched() that forget_finished(), which SparseAdam's zero_grad calls, left. Shared by
  /// copies of the layer.
  const std::vector<TouchedRows>& touched() const { return *touched_; }
  void clear_touched() const { touched_->clear(); }
  /// Forgets passes that have a gradient, and those of which none can come: nothing holds their graph any more. Passes
  /// whose backward() is still to come stay. (A graph that is walked twice reaches its rows the first time only, if
  /// this is called in between.)
  void forget_finished() const;

  std::optional<int64_t> padding_idx;  ///< counted from the front
  bool sparse;
  Parameter weight;  ///< [num_embeddings, dim]

 private:
  Tensor look_up_sparsely(const Tensor& index) const;

  std::shared_ptr<std::vector<TouchedRows>> touched_ = std::make_shared<std::vector<TouchedRows>>();
};

}  // namespace gg::nn
