// Multi-head attention, and positions for it. Formula and masks of one head: ops/attention.h. Networks of it:
// nn/transformer.h.
#pragma once

#include "nn/linear.h"
#include "nn/module.h"

namespace gg::nn {

struct MultiheadAttentionOptions {
  double dropout = 0;          ///< of attention weights, in training
  bool bias = true;            ///< of all four projections
  int64_t kdim = 0, vdim = 0;  ///< features of keys and values; 0: as many as embed_dim
};

/// What is hidden. As in PyTorch, and unlike AttentionOptions::mask, bool masks here are true where something must
/// *not* be seen.
struct HiddenFrom {
  Tensor key_padding_mask = {};  ///< bool [N, S]: keys that nobody sees, such as padding
  /// [L, S], [N·heads, L, S] or [N, heads, L, S] (sizes of 1 repeat): bool, or floating and added to the scores.
  Tensor attn_mask = {};
  bool causal = false;  ///< key j is hidden from query i < j
};

/// Attention of `num_heads` heads side by side, each of embed_dim / num_heads features, between linear projections
/// (Vaswani et al., arXiv:1706.03762, section 3.2.2). query [N, L, embed], key [N, S, kdim], value [N, S, vdim], always
/// with the batch first ↦ [N, L, embed]. A query that sees no key gets the bias of out_proj alone.
/// Parameters as PyTorch's: in_proj_weight [3·embed, embed] (or, where kdim or vdim differ, q_proj_weight,
/// k_proj_weight and v_proj_weight), in_proj_bias [3·embed], out_proj.weight and out_proj.bias.
struct MultiheadAttention : Module {
  MultiheadAttention(int64_t embed_dim, int64_t num_heads, const MultiheadAttentionOptions& options = {});
  Tensor operator()(const Tensor& query, const Tensor& key, const Tensor& value, const HiddenFrom& hidden = {}) const;
  /// Self-attention.
  Tensor operator()(const Tensor& x, const HiddenFrom& hidden = {}) const { return (*this)(x, x, x, hidden); }

  int64_t embed, heads;
  MultiheadAttentionOptions options;
  Parameter in_proj_weight;                               ///< or undefined, and then these:
  Parameter q_proj_weight, k_proj_weight, v_proj_weight;  ///< [embed, features]
  Parameter in_proj_bias;                                 ///< or undefined
  Linear out_proj;
};

struct PositionalEncodingOptions {
  int64_t max_length = 5000;
  double dropout = 0.1;
};

/// x [N, L, dim] + sines and cosines of the position, then dropout (arXiv:1706.03762, section 3.5):
/// pe[t, 2i] = sin(t / 10000^(2i/dim)), pe[t, 2i+1] = the cosine. They are the buffer "pe" [1, max_length, dim].
struct PositionalEncoding : Module {
  explicit PositionalEncoding(int64_t dim, const PositionalEncodingOptions& options = {});
  Tensor operator()(const Tensor& x) const;

  double p;  ///< dropout
  Buffer pe;
};

}  // namespace gg::nn
