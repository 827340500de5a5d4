// Linear and Embedding.
#pragma once

#include "nn/module.h"

namespace gg::nn {

struct LinearOptions {
  bool bias = true;
};

/// x [..., in] ↦ x·weightᵀ + bias [..., out]. Initialised uniformly in ±1/sqrt(in).
struct Linear : Module {
  Linear(int64_t in_features, int64_t out_features, const LinearOptions& options = {});
  Tensor operator()(const Tensor& x) const;

  Parameter weight;  ///< [out, in]
  Parameter bias;    ///< [out], or undefined
};

/// Rows of a table by int64 index: index of any shape ↦ [...index.shape, dim]. Initialised standard normal.
struct Embedding : Module {
  Embedding(int64_t num_embeddings, int64_t dim);
  Tensor operator()(const Tensor& index) const;

  Parameter weight;  ///< [num_embeddings, dim]
};

}  // namespace gg::nn
