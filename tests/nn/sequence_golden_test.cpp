// Recurrent and attention layers against PyTorch's numbers (tests/golden/sequence_layers.py): values and all gradients,
// from PyTorch's state dicts.
#include <gtest/gtest.h>

#include "nn/nn.h"
#include "ops/ops.h"
#include "tests/golden.h"
#include "tests/nn/golden_cases.h"

namespace gg::nn_test {
namespace {

const json& golden() {
  static const json g = read_golden("sequence_layers");
  return g;
}

void check(const std::string& name, const nn::Module& layer, const Call& call) {
  check_case(golden(), name, layer, call);
}

template <class Output>
std::vector<Tensor> listed(const Output& r) {
  if (!r.c.defined()) return {r.output, r.h};
  return {r.output, r.h, r.c};
}

using In = const std::vector<Tensor>&;

TEST(SequenceGolden, Cells) {
  nn::GRUCell gru(3, 4);
  check("GRUCell", gru, [&](In in) { return std::vector<Tensor>{gru(in[0], in[1])}; });
  nn::LSTMCell lstm(3, 4);
  check("LSTMCell", lstm, [&](In in) {
    LstmState s = lstm(in[0], {in[1], in[2]});
    return std::vector<Tensor>{s.h, s.c};
  });
}

TEST(SequenceGolden, RecurrentLayers) {
  nn::GRU gru(3, 4, {.num_layers = 2, .bidirectional = true});
  check("GRU", gru, [&](In in) { return listed(gru(in[0], in[1])); });
  nn::GRU plain(3, 2, {.bias = false});
  check("GRU_plain", plain, [&](In in) { return listed(plain(in[0])); });
  nn::LSTM lstm(3, 4, {.num_layers = 2, .bidirectional = true});
  check("LSTM", lstm, [&](In in) { return listed(lstm(in[0], {in[1], in[2]})); });
}

// As PyTorch has them: true hides.
nn::HiddenFrom hidden() {
  return {.key_padding_mask = tensor({{0, 0, 1}, {0, 0, 0}}, {boolean}),
          .attn_mask = tensor({{0, 1, 1}, {0, 0, 1}, {0, 0, 0}}, {boolean})};
}

TEST(SequenceGolden, MultiheadAttention) {
  nn::MultiheadAttention mha(6, 2);
  check("MultiheadAttention", mha, [&](In in) { return std::vector<Tensor>{mha(in[0], hidden())}; });
  const nn::HiddenFrom causal{.key_padding_mask = hidden().key_padding_mask, .causal = true};
  check("MultiheadAttention", mha, [&](In in) { return std::vector<Tensor>{mha(in[0], causal)}; });
  const nn::HiddenFrom bias{.attn_mask = tensor_of(golden()["bias"])};
  check("MultiheadAttention_bias", mha, [&](In in) { return std::vector<Tensor>{mha(in[0], in[1], in[1], bias)}; });
  nn::MultiheadAttention other(4, 2, {.kdim = 3, .vdim = 5});
  check("MultiheadAttention_kdim", other, [&](In in) { return std::vector<Tensor>{other(in[0], in[1], in[2])}; });
}

TEST(SequenceGolden, Transformers) {
  nn::TransformerEncoderLayer post(4, 2, {.dim_feedforward = 5});
  check("TransformerEncoderLayer", post, [&](In in) { return std::vector<Tensor>{post(in[0], hidden())}; });
  nn::TransformerEncoderLayer pre(
      4, 2, {.dim_feedforward = 5, .activation = nn::TransformerActivation::gelu, .norm_first = true});
  check("TransformerEncoderLayer_norm_first", pre, [&](In in) { return std::vector<Tensor>{pre(in[0])}; });
  nn::TransformerDecoderLayer decoder(4, 2, {.dim_feedforward = 5});
  check("TransformerDecoderLayer", decoder,
        [&](In in) { return std::vector<Tensor>{decoder(in[0], in[1], {.causal = true})}; });
  nn::TransformerDecoderLayer decoder_pre(4, 2, {.dim_feedforward = 5, .norm_first = true});
  check("TransformerDecoderLayer_norm_first", decoder_pre, [&](In in) {
    return std::vector<Tensor>{
        decoder_pre(in[0], in[1], {.causal = true}, {.key_padding_mask = hidden().key_padding_mask})};
  });
  nn::TransformerEncoder encoder(4, 2, 2, {.dim_feedforward = 5}, {.final_norm = true});
  check("TransformerEncoder", encoder, [&](In in) { return std::vector<Tensor>{encoder(in[0])}; });
  nn::TransformerDecoder decoders(4, 2, 2, {.dim_feedforward = 5, .norm_first = true}, {.final_norm = true});
  check("TransformerDecoder", decoders, [&](In in) {
    return std::vector<Tensor>{
        decoders(in[0], in[1], {.causal = true}, {.key_padding_mask = hidden().key_padding_mask})};
  });
}

}  // namespace
}  // namespace gg::nn_test
