// The Transformer's layers and stacks of them (Vaswani et al., arXiv:1706.03762), batch first. Names of parameters are
// PyTorch's. Attention itself: nn/attention.h.
#pragma once

#include <vector>

#include "nn/attention.h"
#include "nn/norm.h"

namespace gg::nn {

enum class TransformerActivation { relu, gelu };

struct TransformerOptions {
  int64_t dim_feedforward = 2048;
  double dropout = 0.1;  ///< of attention weights, of the hidden features and of what each part adds
  TransformerActivation activation = TransformerActivation::relu;
  double layer_norm_eps = 1e-5;
  /// Normalise what goes into each part (arXiv:2002.04745) instead of the sum that comes after it.
  bool norm_first = false;
};

/// Self-attention, then two linear layers, each added to its input and normalised. src [N, L, d_model].
struct TransformerEncoderLayer : Module {
  TransformerEncoderLayer(int64_t d_model, int64_t nhead, const TransformerOptions& options = {});
  Tensor operator()(const Tensor& src, const HiddenFrom& hidden = {}) const;

  TransformerOptions options;
  MultiheadAttention self_attn;
  Linear linear1, linear2;
  LayerNorm norm1, norm2;
};

/// Self-attention, attention to the encoder's output, then two linear layers. tgt [N, L, d_model], memory
/// [N, S, d_model]. `hidden` is for the targets among themselves (usually {.causal = true}), `memory_hidden` for what
/// they see of memory.
struct TransformerDecoderLayer : Module {
  TransformerDecoderLayer(int64_t d_model, int64_t nhead, const TransformerOptions& options = {});
  Tensor operator()(const Tensor& tgt, const Tensor& memory, const HiddenFrom& hidden = {},
                    const HiddenFrom& memory_hidden = {}) const;

  TransformerOptions options;
  MultiheadAttention self_attn, multihead_attn;
  Linear linear1, linear2;
  LayerNorm norm1, norm2, norm3;
};

struct TransformerStackOptions {
  bool final_norm = false;  ///< a LayerNorm "norm" at the end: norm_first wants one
};

/// Encoder layers "layers.0", "layers.1", … one after the other. Each starts with numbers of its own.
struct TransformerEncoder : Module {
  TransformerEncoder(int64_t d_model, int64_t nhead, int64_t num_layers, const TransformerOptions& options = {},
                     const TransformerStackOptions& stack = {});
  Tensor operator()(const Tensor& src, const HiddenFrom& hidden = {}) const;

  std::vector<TransformerEncoderLayer> layers;
  std::vector<LayerNorm> norm;  ///< one, or none
};

/// The same of decoder layers.
struct TransformerDecoder : Module {
  TransformerDecoder(int64_t d_model, int64_t nhead, int64_t num_layers, const TransformerOptions& options = {},
                     const TransformerStackOptions& stack = {});
  Tensor operator()(const Tensor& tgt, const Tensor& memory, const HiddenFrom& hidden = {},
                    const HiddenFrom& memory_hidden = {}) const;

  std::vector<TransformerDecoderLayer> layers;
  std::vector<LayerNorm> norm;
};

}  // namespace gg::nn
