// Linear and Embedding.
#pragma once

#include "nn/module.h"
#include "ops/matmul.h"

namespace gg::nn {

struct LinearOptions {
  bool bias = true;
};

/// x [..., in] ↦ x·weightᵀ + bias [..., out]. Initialised uniformly in ±1/sqrt(in).
struct Linear : Module {
  Linear(int64_t in_features, int64_t out_features, const LinearOptions& options = {});
  Tensor operator()(const Tensor& x) const { return run(x, weight, bias); }
  /// The same with another weight and bias (nn/weight_norm.h).
  Tensor run(const Tensor& x, const Tensor& w, const Tensor& b) const { return linear(x, w, b); }
  static constexpr int kOutputAxis = 0;  ///< of the weight

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
