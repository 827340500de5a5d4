#include "nn/transformer.h"

#include "ops/dropout.h"
#include "ops/elementwise.h"

namespace gg::nn {
namespace {

std::string describe(const char* name, int64_t d_model, int64_t nhead, const TransformerOptions& o) {
  return str(name, "(", d_model, ", ", nhead, ", dim_feedforward = ", o.dim_feedforward, ", dropout = ", o.dropout,
             o.activation == TransformerActivation::gelu ? ", gelu" : "", o.norm_first ? ", norm_first)" : ")");
}

// x + f(x), normalised before or after, as the layer has it.
template <class Layer, class Part>
Tensor residual(const Layer& layer, const Tensor& x, const LayerNorm& norm, const Part& part) {
  auto added = [&](const Tensor& in) { return x + dropout(part(in), layer.options.dropout, layer.training()); };
  return layer.options.norm_first ? added(norm(x)) : norm(added(x));
}

template <class Layer>
Tensor feed_forward(const Layer& layer, const Tensor& x) {
  const Tensor h = layer.linear1(x);
  const Tensor a = layer.options.activation == TransformerActivation::gelu ? gelu(h) : relu(h);
  return layer.linear2(dropout(a, layer.options.dropout, layer.training()));
}

// Layers under "layers.I", and "norm".
template <class Stack>
void fill(Stack& stack, int64_t d_model, int64_t nhead, int64_t count, const TransformerOptions& o, bool final_norm) {
  GG_CHECK(count > 0, stack.description(), ": expected at least one layer");
  Module list("ModuleList");
  for (int64_t i = 0; i < count; ++i) {
    stack.layers.emplace_back(d_model, nhead, o);
    list.add_module(str(i), stack.layers.back());
  }
  stack.add_module("layers", list);
  if (!final_norm) return;
  stack.norm.emplace_back(d_model, LayerNormOptions{.eps = o.layer_norm_eps});
  stack.add_module("norm", stack.norm.back());
}

}  // namespace

TransformerEncoderLayer::TransformerEncoderLayer(int64_t d_model, int64_t nhead, const TransformerOptions& o)
    : Module(describe("TransformerEncoderLayer", d_model, nhead, o)),
      options(o),
      self_attn(register_module("self_attn", MultiheadAttention(d_model, nhead, {.dropout = o.dropout}))),
      linear1(register_module("linear1", Linear(d_model, o.dim_feedforward))),
      linear2(register_module("linear2", Linear(o.dim_feedforward, d_model))),
      norm1(register_module("norm1", LayerNorm(d_model, {.eps = o.layer_norm_eps}))),
      norm2(register_module("norm2", LayerNorm(d_model, {.eps = o.layer_norm_eps}))) {}

Tensor TransformerEncoderLayer::operator()(const Tensor& src, const HiddenFrom& hidden) const {
  const Tensor x = residual(*this, src, norm1, [&](const Tensor& t) { return self_attn(t, hidden); });
  return residual(*this, x, norm2, [&](const Tensor& t) { return feed_forward(*this, t); });
}

TransformerDecoderLayer::TransformerDecoderLayer(int64_t d_model, int64_t nhead, const TransformerOptions& o)
    : Module(describe("TransformerDecoderLayer", d_model, nhead, o)),
      options(o),
      self_attn(register_module("self_attn", MultiheadAttention(d_model, nhead, {.dropout = o.dropout}))),
      multihead_attn(register_module("multihead_attn", MultiheadAttention(d_model, nhead, {.dropout = o.dropout}))),
      linear1(register_module("linear1", Linear(d_model, o.dim_feedforward))),
      linear2(register_module("linear2", Linear(o.dim_feedforward, d_model))),
      norm1(register_module("norm1", LayerNorm(d_model, {.eps = o.layer_norm_eps}))),
      norm2(register_module("norm2", LayerNorm(d_model, {.eps = o.layer_norm_eps}))),
      norm3(register_module("norm3", LayerNorm(d_model, {.eps = o.layer_norm_eps}))) {}

Tensor TransformerDecoderLayer::operator()(const Tensor& tgt, const Tensor& memory, const HiddenFrom& hidden,
                                           const HiddenFrom& memory_hidden) const {
  Tensor x = residual(*this, tgt, norm1, [&](const Tensor& t) { return self_attn(t, hidden); });
  x = residual(*this, x, norm2, [&](const Tensor& t) { return multihead_attn(t, memory, memory, memory_hidden); });
  return residual(*this, x, norm3, [&](const Tensor& t) { return feed_forward(*this, t); });
}

TransformerEncoder::TransformerEncoder(int64_t d_model, int64_t nhead, int64_t num_layers, const TransformerOptions& o,
                                       const TransformerStackOptions& s)
    : Module("TransformerEncoder") {
  fill(*this, d_model, nhead, num_layers, o, s.final_norm);
}

Tensor TransformerEncoder::operator()(const Tensor& src, const HiddenFrom& hidden) const {
  Tensor x = src;
  for (const TransformerEncoderLayer& layer : layers) x = layer(x, hidden);
  return norm.empty() ? x : norm[0](x);
}

TransformerDecoder::TransformerDecoder(int64_t d_model, int64_t nhead, int64_t num_layers, const TransformerOptions& o,
                                       const TransformerStackOptions& s)
    : Module("TransformerDecoder") {
  fill(*this, d_model, nhead, num_layers, o, s.final_norm);
}

Tensor TransformerDecoder::operator()(const Tensor& tgt, const Tensor& memory, const HiddenFrom& hidden,
                                      const HiddenFrom& memory_hidden) const {
  Tensor x = tgt;
  for (const TransformerDecoderLayer& layer : layers) x = layer(x, memory, hidden, memory_hidden);
  return norm.empty() ? x : norm[0](x);
}

}  // namespace gg::nn
