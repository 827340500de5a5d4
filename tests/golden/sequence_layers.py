"""Writes sequence_layers.json: what PyTorch's recurrent and attention layers give, with all gradients.

Every layer is float64, its parameters are random numbers of two decimals, and the loss is a weighted sum of its
outputs. Made with PyTorch 1.13.0 (Debian's python3-torch), the stack of decoders with 2.15.0, which gives the others to
the same digits. Usage: python3 sequence_layers.py > sequence_layers.json
"""
import json

import torch
from torch import nn

from layer_cases import case, numbers, rounded

torch.manual_seed(0)


def flat(result):
    output, state = result
    return [output, *(state if isinstance(state, tuple) else (state,))]


gru_cell, lstm_cell = nn.GRUCell(3, 4), nn.LSTMCell(3, 4)
gru = nn.GRU(3, 4, num_layers=2, bidirectional=True, batch_first=True)
gru_plain = nn.GRU(3, 2, bias=False, batch_first=True)
lstm = nn.LSTM(3, 4, num_layers=2, bidirectional=True, batch_first=True)
mha = nn.MultiheadAttention(6, 2, batch_first=True)
mha_other = nn.MultiheadAttention(4, 2, kdim=3, vdim=5, batch_first=True)
post = nn.TransformerEncoderLayer(4, 2, dim_feedforward=5, batch_first=True)
pre = nn.TransformerEncoderLayer(4, 2, dim_feedforward=5, norm_first=True, activation="gelu", batch_first=True)
decoder_layer = nn.TransformerDecoderLayer(4, 2, dim_feedforward=5, batch_first=True)
decoder_pre = nn.TransformerDecoderLayer(4, 2, dim_feedforward=5, norm_first=True, batch_first=True)
encoder = nn.TransformerEncoder(
    nn.TransformerEncoderLayer(4, 2, dim_feedforward=5, batch_first=True), 2, norm=nn.LayerNorm(4))

causal = torch.triu(torch.ones(3, 3, dtype=torch.bool), 1)
padding = torch.tensor([[False, False, True], [False, False, False]])
bias = rounded(3, 3)

cases = [
    case("GRUCell", gru_cell, [rounded(2, 3), rounded(2, 4)], lambda x, h: [gru_cell(x, h)]),
    case("LSTMCell", lstm_cell, [rounded(2, 3), rounded(2, 4), rounded(2, 4)],
         lambda x, h, c: list(lstm_cell(x, (h, c)))),
    case("GRU", gru, [rounded(2, 5, 3), rounded(4, 2, 4)], lambda x, h: flat(gru(x, h))),
    case("GRU_plain", gru_plain, [rounded(2, 3, 3)], lambda x: flat(gru_plain(x))),
    case("LSTM", lstm, [rounded(2, 5, 3), rounded(4, 2, 4), rounded(4, 2, 4)],
         lambda x, h, c: flat(lstm(x, (h, c)))),
    case("MultiheadAttention", mha, [rounded(2, 3, 6)],
         lambda x: [mha(x, x, x, attn_mask=causal, key_padding_mask=padding, need_weights=False)[0]]),
    case("MultiheadAttention_bias", mha, [rounded(2, 3, 6), rounded(2, 3, 6)],
         lambda q, k: [mha(q, k, k, attn_mask=bias, need_weights=False)[0]]),
    case("MultiheadAttention_kdim", mha_other, [rounded(2, 3, 4), rounded(2, 6, 3), rounded(2, 6, 5)],
         lambda q, k, v: [mha_other(q, k, v, need_weights=False)[0]]),
    case("TransformerEncoderLayer", post, [rounded(2, 3, 4)],
         lambda x: [post(x, src_mask=causal, src_key_padding_mask=padding)]),
    case("TransformerEncoderLayer_norm_first", pre, [rounded(2, 3, 4)], lambda x: [pre(x)]),
    case("TransformerDecoderLayer", decoder_layer, [rounded(2, 3, 4), rounded(2, 5, 4)],
         lambda t, m: [decoder_layer(t, m, tgt_mask=causal)]),
    case("TransformerDecoderLayer_norm_first", decoder_pre, [rounded(2, 3, 4), rounded(2, 3, 4)],
         lambda t, m: [decoder_pre(t, m, tgt_mask=causal, memory_key_padding_mask=padding)]),
    case("TransformerEncoder", encoder, [rounded(2, 3, 4)], lambda x: [encoder(x)]),
]
# Made last, so that the cases above keep their random numbers.
decoder = nn.TransformerDecoder(
    nn.TransformerDecoderLayer(4, 2, dim_feedforward=5, norm_first=True, batch_first=True), 2, norm=nn.LayerNorm(4))
cases.append(case("TransformerDecoder", decoder, [rounded(2, 3, 4), rounded(2, 3, 4)],
                  lambda t, m: [decoder(t, m, tgt_mask=causal, memory_key_padding_mask=padding)]))
print(json.dumps({"bias": numbers(bias), "cases": cases}))
